// Writes the guard's signals as sound files for mini-programs: `npm run sounds` after a change of notes.ts.
// 8 bits, 8 kHz, one channel, at most 6 KB each; the same triangle waves that a browser synthesises.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { transformSync } from "esbuild";

const RATE = 8000;
const source = readFileSync("src/state/notes.ts", "utf8");
const code = transformSync(source, { loader: "ts", format: "esm" }).code;
const { NOTES } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

mkdirSync("src/static/sounds", { recursive: true });
for (const [name, { notes }] of Object.entries(NOTES)) {
  const last = notes[notes.length - 1];
  const samples = new Uint8Array(Math.ceil(((last.at + last.ms) * RATE) / 1000)).fill(128);
  for (const { at, ms, hz } of notes) {
    const count = (ms * RATE) / 1000;
    for (let i = 0; i < count; i++) {
      const level = Math.min(1, i / (0.008 * RATE), (count - i) / (0.015 * RATE));
      const phase = ((i * hz) / RATE) % 1;
      const triangle = 1 - 4 * Math.abs(Math.round(phase) - phase);
      samples[Math.floor((at * RATE) / 1000) + i] = 128 + Math.round(114 * level * triangle);
    }
  }
  writeFileSync(`src/static/sounds/${name}.wav`, Buffer.concat([header(samples.length), samples]));
}

function header(size) {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + size, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(size, 40);
  return head;
}
