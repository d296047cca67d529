/** Return a UUIDv7 (RFC 9562) of a time in milliseconds; `random` gives 10 bytes. */
export function uuid7(atMs: number, random: () => Uint8Array = randomBytes): string {
  const bytes = new Uint8Array(16);
  let rest = Math.floor(atMs);
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes.set(random(), 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Return the time in a UUIDv7, in milliseconds. */
export function timeOf(nonce: string): number {
  return parseInt(nonce.slice(0, 8) + nonce.slice(9, 13), 16);
}

function randomBytes(): Uint8Array {
  const bytes = new Uint8Array(10);
  // #ifdef H5
  return crypto.getRandomValues(bytes);
  // #endif
  // #ifndef H5
  // Mini-programs have no synchronous source of random bytes; a nonce must be unique, not secret.
  return bytes.map(() => Math.floor(Math.random() * 256));
  // #endif
}
