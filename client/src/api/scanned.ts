/**
 * What a scanned text is about. Only a guide for the page: the API reads every dialect of the text, so
 * send it unchanged, and let the API's answer decide.
 */
export type ScannedKind = "pass" | "join" | "venue" | "other";

const MAX_TEXT = 2048;
const DEPTH = 6;
const DASHES = "[ \\u2010-\\u2015\\u2212-]*";
const SERIAL = new RegExp(`^(?:V/|/V/)?([0-9A-Za-z](?:${DASHES}[0-9A-Za-z]){15})/?$`, "i");

/** Return the kind of a scanned text; `other` for a text that no code of ours contains. */
export function kindOf(text: string): ScannedKind {
  return found(text).kind;
}

/** Return the code by which staff join a venue, as people type it; null for any other text. */
export function joinCodeOf(text: string): string | null {
  const { kind, code } = found(text);
  return kind === "join" ? code : null;
}

/** Whether two texts are of the same venue's code: a scanned one and a typed one may be. */
export function sameVenue(one: string, other: string): boolean {
  const [a, b] = [found(one), found(other)];
  return one === other || (a.kind === "venue" && b.kind === "venue" && a.code === b.code);
}

function found(text: string): { kind: ScannedKind; code: string } {
  if (text.length > MAX_TEXT) return { kind: "other", code: "" };
  let plain = bare(text);
  for (let depth = 0; depth <= DEPTH; depth++) {
    if (/(?:^|=)VP1\.[LCP]\./i.test(plain)) return { kind: "pass", code: "" };
    const join = /\/V\/J-([0-9A-Z]{9})(?![0-9A-Z])/i.exec(plain);
    if (join !== null) return { kind: "join", code: join[1]!.toUpperCase() };
    const venue =
      /\/V\/([0-9A-Z]{16})(?![0-9A-Z])/i.exec(plain) ?? SERIAL.exec(plain) ?? /(?:^|[?&])(?:q|qrcode|scene)=(?:V\/)?([0-9A-Z]{16})(?![0-9A-Z])/i.exec(plain);
    if (venue !== null) return { kind: "venue", code: venue[1]!.replace(/[^0-9A-Za-z]/g, "").toUpperCase() };
    const decoded = unquoted(plain);
    if (decoded === plain) break;
    plain = decoded;
  }
  return { kind: "other", code: "" };
}

/**
 * Return the code with which the client was opened, unchanged; null if it was opened without one.
 *
 * `query` holds the launch parameters: `q` (WeChat, a link's QR code) and `scene` (WeChat, a
 * mini-program's code), `qrCode` (Alipay), `code` (the page behind a venue code in a browser).
 */
export function launchCode(query: Record<string, unknown> | undefined): string | null {
  for (const name of ["code", "q", "qrCode", "scene"]) {
    const value = query?.[name];
    if (typeof value === "string" && value.trim() !== "" && kindOf(value) !== "other") return value;
  }
  return null;
}

/** Return a text without what scanners that act as keyboards and input methods for Chinese add to it. */
function bare(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/。/g, ".")
    .replace(/、/g, "/")
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/g, "")
    .replace(/^[\s\x02-\x04\x1c-\x1f]+|[\s\x02-\x04\x1c-\x1f]+$/g, "")
    .replace(/^\][A-Za-z][0-9A-Za-z]/, "")
    .replace(/\\[0-9]{6}/g, "")
    .trim();
}

function unquoted(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
