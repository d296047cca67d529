/**
 * A camera that sees what a test holds before it.
 *
 * Chromium plays a file as its camera (`--use-file-for-fake-video-capture`): JPEG pictures, one
 * after the other. It opens the file whenever a page asks for the camera, so that a test may change
 * the film between two scans. The frames are photographed from a page that shows the picture as a
 * hand holds a phone before it: at an angle, a little out of focus, in poor light.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";

const VIEW = { width: 640, height: 480 };

/** Degrees about the three axes, the picture's height in the view's, and the blur in pixels. */
const HELD: [x: number, y: number, z: number, size: number, blur: number][] = [
  [0, 0, 0, 1.5, 1.2],
  [8, 12, 3, 1.9, 0.8],
  [-6, -10, -4, 2.1, 1],
  [4, 6, 2, 2, 0.5],
];

export class Camera {
  private readonly folder = mkdtempSync(join(tmpdir(), "venuecode-camera-"));
  readonly film = join(this.folder, "film.mjpeg");

  constructor(private readonly browser: () => Browser) {
    writeFileSync(this.film, "");
  }

  /** Hold a PNG before the camera; a page sees it when it next asks for the camera. */
  async shows(picture: Buffer, close = 1): Promise<void> {
    const page = await this.browser().newPage({ viewport: VIEW });
    const source = `data:image/png;base64,${picture.toString("base64")}`;
    const frames: Buffer[] = [];
    for (const [x, y, z, size, blur] of HELD) {
      const turned = `translate(-50%, -50%) rotateX(${x}deg) rotateY(${y}deg) rotateZ(${z}deg)`;
      await page.setContent(`
        <body style="margin: 0; overflow: hidden; background: #7b776f; perspective: 900px">
        <img src="${source}" style="position: absolute; left: 50%; top: 50%;
          height: ${size * close * VIEW.height}px; transform: ${turned};
          filter: blur(${blur}px) brightness(0.9) contrast(0.85)">`);
      frames.push(await page.screenshot({ type: "jpeg", quality: 80 }));
    }
    await page.close();
    writeFileSync(this.film, Buffer.concat(frames));
  }

  /** Show a wall: nothing to read. */
  async showsNothing(): Promise<void> {
    const page = await this.browser().newPage({ viewport: VIEW });
    await page.setContent('<body style="background: #7b776f">');
    const frame = await page.screenshot({ type: "jpeg" });
    await page.close();
    writeFileSync(this.film, Buffer.concat([frame, frame]));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
