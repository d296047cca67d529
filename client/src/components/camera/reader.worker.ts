import jsQR from "jsqr";

/** Reads one picture after another, away from the page: a picture in, its QR code's text or null out. */
export interface Picture {
  data: ArrayBuffer;
  width: number;
  height: number;
}

const scope = self as unknown as { onmessage: (event: MessageEvent<Picture>) => void; postMessage: (text: string | null) => void };

scope.onmessage = ({ data: { data, width, height } }) => {
  const found = jsQR(new Uint8ClampedArray(data), width, height, { inversionAttempts: "attemptBoth" });
  // An empty text is what jsQR makes of a code it could not decode.
  scope.postMessage(found?.data || null);
};
