import type { Picture } from "./reader.worker";
import ReaderWorker from "./reader.worker?worker&inline";

/** Longest side of a camera's picture, as far as it is read: enough for a code of a hand's width at a metre. */
const FRAME_SIDE = 640;
/** Sides at which a picture of the album is tried: a code in it may be large and coarse or small and sharp. */
const PICTURE_SIDES = [1000, 1600, 600, 2400];

/** Finds QR codes in pictures, one at a time. */
export class Reader {
  private readonly worker: Worker = new ReaderWorker();
  private readonly canvas = document.createElement("canvas");
  private waiting: ((text: string | null) => void) | null = null;
  private idle: Promise<unknown> = Promise.resolve();

  constructor() {
    this.worker.onmessage = (event: MessageEvent<string | null>) => this.answer(event.data);
    this.worker.onerror = () => this.answer(null);
  }

  /** Return the text in a video's present frame; null if there is none, or one is being read. */
  async frame(video: HTMLVideoElement): Promise<string | null> {
    return await this.read(video, video.videoWidth, video.videoHeight, FRAME_SIDE);
  }

  /** Return the text in a picture file; null if there is none. Throws if the file is no picture. */
  async picture(file: Blob): Promise<string | null> {
    const image = await loaded(file);
    const longest = Math.max(image.naturalWidth, image.naturalHeight);
    for (const side of PICTURE_SIDES) {
      // The camera's picture may be at work.
      while (this.waiting !== null) await this.idle;
      const text = await this.read(image, image.naturalWidth, image.naturalHeight, side);
      if (text !== null) return text;
      if (longest <= 600) return null;
    }
    return null;
  }

  close(): void {
    this.worker.terminate();
    this.answer(null);
  }

  private read(source: CanvasImageSource, width: number, height: number, side: number): Promise<string | null> {
    if (this.waiting !== null || width === 0 || height === 0) return Promise.resolve(null);
    const scale = Math.min(1, side / Math.max(width, height));
    const across = Math.max(1, Math.round(width * scale));
    const down = Math.max(1, Math.round(height * scale));
    this.canvas.width = across;
    this.canvas.height = down;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) return Promise.resolve(null);
    context.drawImage(source, 0, 0, across, down);
    const picture: Picture = { data: context.getImageData(0, 0, across, down).data.buffer as ArrayBuffer, width: across, height: down };
    const answer = new Promise<string | null>((resolve) => {
      this.waiting = resolve;
      this.worker.postMessage(picture, [picture.data]);
    });
    this.idle = answer;
    return answer;
  }

  private answer(text: string | null): void {
    const waiting = this.waiting;
    this.waiting = null;
    waiting?.(text);
  }
}

function loaded(file: Blob): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(new Error("unreadable file"));
    reader.onload = () => {
      const image = new Image();
      image.onload = () => resolve(image);
      image.onerror = () => reject(new Error("no picture"));
      image.src = String(reader.result);
    };
    // As `data:`, which the content security policy allows for icons already.
    reader.readAsDataURL(file);
  });
}
