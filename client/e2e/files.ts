/** What is in the files that people save. */

import { inflateRawSync } from "node:zlib";
import jsqr from "jsqr";
import type { Browser } from "playwright-core";

/** Return the text of the QR code in a picture; null if none can be read. */
export async function qrOf(browser: Browser, png: Buffer): Promise<string | null> {
  const page = await browser.newPage();
  const { data, width, height } = await page.evaluate(async (source) => {
    const image = new Image();
    image.src = `data:image/png;base64,${source}`;
    await image.decode();
    // A page to be printed has more than a code needs to be read.
    const scale = Math.min(1, 1600 / Math.max(image.naturalWidth, image.naturalHeight));
    const [width, height] = [image.naturalWidth, image.naturalHeight].map((side) => Math.round(side * scale)) as [number, number];
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d")!;
    context.drawImage(image, 0, 0, width, height);
    let data = "";
    for (const value of context.getImageData(0, 0, width, height).data) data += String.fromCharCode(value);
    return { data: btoa(data), width, height };
  }, png.toString("base64"));
  await page.close();
  return jsqr(new Uint8ClampedArray(Buffer.from(data, "base64")), width, height)?.data ?? null;
}

/** Return whether a PDF is there from its beginning to its end. */
export function isPdf(bytes: Buffer): boolean {
  return bytes.subarray(0, 5).toString() === "%PDF-" && bytes.toString("latin1").trimEnd().endsWith("%%EOF");
}

/** Return the texts in a ZIP, by their names. */
export function unzipped(zip: Buffer): Record<string, string> {
  const end = zip.lastIndexOf("PK\x05\x06");
  const texts: Record<string, string> = {};
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [method, size] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)];
    const [named, extra, comment, local] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32), zip.readUInt32LE(at + 42)];
    const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(begin, begin + size);
    texts[zip.toString("utf-8", at + 46, at + 46 + named)] = (method === 8 ? inflateRawSync(packed) : packed).toString("utf-8");
    at += 46 + named + extra + comment;
  }
  return texts;
}
