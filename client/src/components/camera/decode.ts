import jsQR from "jsqr";

export interface Picture {
  data: ArrayBuffer;
  width: number;
  height: number;
}

/** Return the text of a picture's QR code; null if there is none. */
export function decode({ data, width, height }: Picture): string | null {
  const found = jsQR(new Uint8ClampedArray(data), width, height, { inversionAttempts: "attemptBoth" });
  // An empty text is what jsQR makes of a code it could not decode.
  return found?.data || null;
}
