import { t } from "@/texts";
import { settings } from "./settings";
import { NOTES, type Signal } from "./notes";
import { vibrate as vibrateOnce } from "./vibrate";

export type { Signal } from "./notes";

/**
 * Tell the guard about a scan by sound, vibration and, if chosen, voice.
 *
 * They differ by rhythm, so that pitch, speaker and hearing do not matter. Never louder than the media
 * volume. A browser plays nothing before `unlockSound` was called in a tap.
 */
export function signal(name: Signal): void {
  vibrate(name);
  if (settings.sound) play(name);
  if (settings.voice) speak(name);
}

// #ifdef H5
type Audio = { new (): AudioContext };
let audio: AudioContext | null = null;
// #endif
// #ifndef H5
const players: Partial<Record<Signal, UniApp.InnerAudioContext>> = {};
// #endif

/** Whether there is a voice, and so a choice of it: mini-programs have none of their own, nor have some browsers. */
export const canSpeak = hasVoice();

function hasVoice(): boolean {
  let voice = false;
  // #ifdef H5
  voice = typeof speechSynthesis !== "undefined";
  // #endif
  return voice;
}

/** Call this in a tap: browsers let a page sound only after one. A mini-program may sound at any time. */
export function unlockSound(): void {
  // #ifdef H5
  const Context = window.AudioContext ?? (window as unknown as { webkitAudioContext?: Audio }).webkitAudioContext;
  if (Context === undefined) return;
  audio = audio ?? new Context();
  if (audio.state === "suspended") void audio.resume();
  // #endif
}

function play(name: Signal): void {
  // #ifdef H5
  if (audio === null || audio.state !== "running") return;
  for (const note of NOTES[name].notes) {
    const start = audio.currentTime + note.at / 1000;
    const end = start + note.ms / 1000;
    const tone = audio.createOscillator();
    const level = audio.createGain();
    tone.type = "triangle";
    tone.frequency.value = note.hz;
    // Without a ramp each note begins and ends with a click.
    level.gain.setValueAtTime(0, start);
    level.gain.linearRampToValueAtTime(0.9, start + 0.008);
    level.gain.setValueAtTime(0.9, end - 0.015);
    level.gain.linearRampToValueAtTime(0, end);
    tone.connect(level);
    level.connect(audio.destination);
    tone.start(start);
    tone.stop(end);
  }
  // #endif
  // #ifndef H5
  let player = players[name];
  if (player === undefined) {
    player = uni.createInnerAudioContext();
    player.src = `/static/sounds/${name}.wav`;
    players[name] = player;
  }
  player.stop();
  player.play();
  // #endif
}

function vibrate(name: Signal): void {
  const { times, ms } = NOTES[name].vibration;
  // #ifdef H5
  const pattern: number[] = [];
  for (let i = 0; i < times; i++) pattern.push(ms, 90);
  // Safari has no vibration.
  navigator.vibrate?.(pattern);
  // #endif
  // #ifndef H5
  if (ms > 100) vibrateOnce("long");
  else for (let i = 0; i < times; i++) setTimeout(() => vibrateOnce("short"), i * (ms + 90));
  // #endif
}

function speak(name: Signal): void {
  // #ifdef H5
  if (!canSpeak) return;
  const said = new SpeechSynthesisUtterance(t(`guard.voice_${name}`));
  said.lang = { "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", en: "en" }[settings.language];
  speechSynthesis.cancel();
  speechSynthesis.speak(said);
  // #endif
}
