import { hmac } from "fast-sha256";

/** What a late upload is signed over, in the order of its lines (docs/api.md, Late uploads). */
export interface Signed {
  deviceId: string;
  venueId: string;
  nonce: string;
  passCode: string;
  temperature: "normal" | "fever" | null;
}

/**
 * Return the signature of a late upload: `v1=` and the hexadecimal HMAC-SHA256 under the secret's text.
 *
 * Computed here, because mini-programs have no WebCrypto and browsers have it on secure pages only.
 */
export function signature(secret: string, signed: Signed): string {
  const lines = ["late-scan", signed.deviceId, signed.venueId, signed.nonce.toLowerCase(), signed.passCode, signed.temperature ?? ""];
  const mac = hmac(utf8(secret), utf8(lines.join("\n")));
  return `v1=${Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Return a text in UTF-8; mini-programs have no TextEncoder. */
function utf8(text: string): Uint8Array {
  const escaped = encodeURIComponent(text);
  const bytes: number[] = [];
  for (let i = 0; i < escaped.length; i++) {
    if (escaped[i] === "%") {
      bytes.push(parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(escaped.charCodeAt(i));
  }
  return new Uint8Array(bytes);
}
