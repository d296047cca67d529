/**
 * What a guard hears and feels, who looks at the visitor and not at the phone.
 *
 * The comments that choose a platform are nothing but comments here: each signal is given as in a
 * browser and as in a mini-program, one after the other.
 */
import { readFileSync } from "node:fs";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { NOTES } from "@/state/notes";
import { settings } from "@/state/settings";
import { signal, unlockSound, type Signal } from "@/state/signals";

/** Milliseconds. */
interface Beat {
  at: number;
  ms: number;
}
interface Felt {
  /** What the browser plays, and for how long it makes the phone vibrate. */
  sound: Beat[];
  vibration: Beat[];
  /** The file that the mini-program plays, and its vibrations: it has but two lengths. */
  file: string | null;
  platform: Beat[];
}

const SIGNALS = Object.keys(NOTES) as Signal[];
/** The lengths of a mini-program's vibrations (WeChat's documents of wx.vibrateShort and wx.vibrateLong). */
const SHORT_MS = 15;
const LONG_MS = 400;

let felt: Felt;

/** As much of the browser's sound as a rhythm needs. */
class Context {
  readonly state = "running";
  readonly currentTime = 0;
  readonly destination = {};
  createOscillator() {
    let began = 0;
    return {
      frequency: { value: 0 },
      connect: () => undefined,
      start: (at: number) => void (began = at),
      stop: (at: number) => void felt.sound.push({ at: Math.round(began * 1000), ms: Math.round((at - began) * 1000) }),
    };
  }
  createGain() {
    return { gain: { setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined }, connect: () => undefined };
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  vi.stubGlobal("window", { AudioContext: Context });
  vi.stubGlobal("navigator", {
    vibrate: (pattern: number[]) => {
      let at = 0;
      pattern.forEach((ms, i) => {
        if (i % 2 === 0) felt.vibration.push({ at, ms });
        at += ms;
      });
    },
  });
  Object.assign(uni, {
    createInnerAudioContext: () => ({ src: "", stop: () => undefined, play() { felt.file = this.src; } }),
    vibrateShort: () => void felt.platform.push({ at: Date.now(), ms: SHORT_MS }),
    vibrateLong: () => void felt.platform.push({ at: Date.now(), ms: LONG_MS }),
  });
  unlockSound();
});
afterEach(() => {
  settings.sound = true;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function give(name: Signal): Felt {
  felt = { sound: [], vibration: [], file: null, platform: [] };
  vi.setSystemTime(0);
  signal(name);
  vi.runAllTimers();
  return felt;
}

/** Whether ear or hand tells two rhythms apart: by the number of beats, or by one that is twice as long. */
function differ(one: Beat[], other: Beat[]): boolean {
  const lengths = (i: number) => [one[i]!.ms, other[i]!.ms];
  return one.length !== other.length || one.some((_, i) => Math.max(...lengths(i)) >= 2 * Math.min(...lengths(i)));
}

const PAIRS = SIGNALS.flatMap((one, i) => SIGNALS.slice(i + 1).map((other) => [one, other] as const));

describe.each(PAIRS)("%s and %s", (one, other) => {
  test("sound different to who knows no pitch", () => {
    expect(differ(give(one).sound, give(other).sound)).toBe(true);
  });
  test("feel different in a browser", () => {
    expect(differ(give(one).vibration, give(other).vibration)).toBe(true);
  });
});

// With two lengths nothing is shorter than what "admit" is: "kept" is told from it by its sound.
test.each(PAIRS.filter((pair) => !pair.includes("kept")))("%s and %s feel different in a mini-program, too", (one, other) => {
  expect(differ(give(one).platform, give(other).platform)).toBe(true);
});

test.each(SIGNALS)("the beats of %s do not run into each other", (name) => {
  const { sound, vibration, platform } = give(name);
  for (const beats of [vibration, platform]) {
    beats.slice(1).forEach((beat, i) => expect(beat.at).toBeGreaterThan(beats[i]!.at + beats[i]!.ms));
  }
  sound.slice(1).forEach((beat, i) => expect(beat.at).toBeGreaterThanOrEqual(sound[i]!.at + sound[i]!.ms));
});

test.each(SIGNALS)("without sound, %s is still felt", (name) => {
  settings.sound = false;
  const { sound, file, vibration, platform } = give(name);
  expect(sound).toEqual([]);
  expect(file).toBeNull();
  expect(vibration.length).toBeGreaterThan(0);
  expect(platform.length).toBe(vibration.length);
});

test.each(SIGNALS)("a mini-program's file of %s has the browser's rhythm, and is small", (name) => {
  const { sound, file } = give(name);
  const wave = readFileSync(new URL(`../src${file}`, import.meta.url));
  expect(wave.length).toBeLessThanOrEqual(6 * 1024);
  const rate = wave.readUInt32LE(24);
  const samples = wave.subarray(44);
  /** The loudest of the ten milliseconds around a moment; 128 is silence. */
  const level = (ms: number) => Math.max(...samples.subarray(((ms - 5) * rate) / 1000, ((ms + 5) * rate) / 1000).map((one) => Math.abs(one - 128)));
  sound.forEach((beat, i) => {
    const [end, next] = [beat.at + beat.ms, sound[i + 1]?.at];
    expect(level(beat.at + beat.ms / 2)).toBeGreaterThan(60);
    if (next !== undefined && next > end) expect(level((end + next) / 2)).toBe(0);
    if (next === undefined) expect((samples.length * 1000) / rate).toBeCloseTo(end, 0);
  });
});
