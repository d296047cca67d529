import { decode, type Picture } from "./decode";

/** Reads one picture after another, away from the page: a picture in, its QR code's text or null out. */
const scope = self as unknown as { onmessage: (event: MessageEvent<Picture>) => void; postMessage: (text: string | null) => void };

scope.onmessage = (event) => scope.postMessage(decode(event.data));
