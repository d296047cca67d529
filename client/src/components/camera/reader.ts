import type { Picture } from "./decode";
import ReaderWorker from "./reader.worker?worker&inline";

/** Longest side of a camera's picture, as far as it is read: enough for a code of a hand's width at a metre. */
const FRAME_SIDE = 640;
/** Sides at which a picture of the album is tried: a code in it may be large and coarse or small and sharp. */
const PICTURE_SIDES = [1000, 1600, 600, 2400];

/** A worker that has not answered after this time never will. */
const DEAD_MS = 6_000;

/** Neither the worker nor the page itself can read. */
class ReaderDead extends Error {
  name = "ReaderDead";
}

/**
 * Finds QR codes in pictures, one at a time.
 *
 * In a worker, whose script is part of this one, so that it is there without a network; in the page if the
 * browser lets no worker run. `frame` and `picture` throw an error named `ReaderDead` if the page cannot read either.
 */
export class Reader {
  private worker: Worker | null = null;
  private readonly canvas = document.createElement("canvas");
  private waiting: { picture: Picture; done: (text: string | null) => void; failed: (error: Error) => void } | null = null;
  private closed = false;
  private idle: Promise<unknown> = Promise.resolve();

  constructor() {
    try {
      this.worker = new ReaderWorker();
      this.worker.onmessage = (event: MessageEvent<string | null>) => this.answer(event.data);
      this.worker.onerror = () => this.fallBack();
    } catch {
      // A policy of the browser's that allows no worker.
    }
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
    this.closed = true;
    this.worker?.terminate();
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
    const answer = new Promise<string | null>((done, failed) => {
      const asked = { picture, done, failed };
      this.waiting = asked;
      if (this.worker === null) {
        void this.readHere();
        return;
      }
      // A copy: the picture is read here if the worker does not answer.
      this.worker.postMessage(picture);
      setTimeout(() => {
        if (this.waiting === asked) this.fallBack();
      }, DEAD_MS);
    });
    this.idle = answer.catch(() => undefined);
    return answer;
  }

  private answer(text: string | null): void {
    const waiting = this.waiting;
    this.waiting = null;
    waiting?.done(text);
  }

  /** Read in the page from now on. */
  private fallBack(): void {
    this.worker?.terminate();
    this.worker = null;
    if (!this.closed && this.waiting !== null) void this.readHere();
  }

  private async readHere(): Promise<void> {
    const asked = this.waiting;
    if (asked === null) return;
    try {
      const decode = await within(DEAD_MS, import("./decode"));
      if (this.waiting === asked) this.answer(decode.decode(asked.picture));
    } catch {
      if (this.waiting === asked) this.waiting = null;
      asked.failed(new ReaderDead("no reader"));
    }
  }
}

/** Return what is promised, or throw after a time. */
function within<T>(ms: number, promised: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("too late")), ms);
    promised.then(resolve, reject);
  });
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
