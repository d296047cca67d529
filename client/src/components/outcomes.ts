import type { Schema } from "@/api";
import type { IconName } from "./shapes";

export type Outcome = Schema<"Screen">["outcome"];

/** Return whether a person was admitted although their code could not be confirmed: never shown as a green code. */
export function onRecord(screen: Pick<Schema<"Screen">, "outcome" | "reasons">): boolean {
  return screen.outcome === "admit" && screen.reasons.some((reason) => reason.code.endsWith("_unconfirmed"));
}

/** The shape of each outcome; the word and the colour say the same. */
export const OUTCOME_SHAPES: Record<Outcome, IconName> = {
  admit: "disc_tick",
  check: "triangle",
  refuse: "octagon",
  pending: "dots",
};

/** What a state of an answer looks like. The word comes from the API. */
export interface Look {
  shape: IconName;
  tone: "ok" | "warn" | "bad" | "info" | "mute";
}

const GOOD: Look = { shape: "disc_tick", tone: "ok" };
const BAD: Look = { shape: "octagon", tone: "bad" };

const LOOKS: Record<string, Look> = {
  pending: { shape: "dots", tone: "info" },
  identity_pending: { shape: "dots", tone: "info" },
  unconfirmed: { shape: "ring_tick", tone: "mute" },
  unknown: { shape: "ring_question", tone: "mute" },
  absent: { shape: "ring_bar", tone: "mute" },
  green: GOOD,
  light_green: { shape: "ring_pen", tone: "warn" },
  yellow: { shape: "triangle", tone: "warn" },
  red: BAD,
  negative: GOOD,
  positive: BAD,
  complete: GOOD,
  partial: { shape: "ring_pen", tone: "warn" },
  none: { shape: "ring_pen", tone: "warn" },
  normal: GOOD,
  abnormal: { shape: "triangle", tone: "warn" },
  code_needed: { shape: "ring_pen", tone: "warn" },
};

/** Return the look of an answer. A stale one is grey with a clock, a test that is too old amber. */
export function lookOf(answer: { state: string; stale?: boolean; within_48h?: boolean }): Look {
  if (answer.state === "negative" && answer.within_48h === false) return { shape: "ring_clock", tone: "warn" };
  const look = LOOKS[answer.state] ?? LOOKS.unknown!;
  return answer.stale && look.tone === "ok" ? { shape: "ring_clock", tone: "mute" } : look;
}

/** Colours of a pass, by the API's `background`. */
export const PASS: Record<Schema<"LivePass">["background"], { shape: IconName; css: string; ink: string }> = {
  green: { shape: "disc_tick", css: "green", ink: "#00503c" },
  light_green: { shape: "ring_pen", css: "lgreen", ink: "#00503c" },
  yellow: { shape: "triangle", css: "yellow", ink: "#5a4100" },
  red: { shape: "octagon", css: "red", ink: "#7c0a12" },
  grey: { shape: "ring_question", css: "unknown", ink: "#2a3240" },
};

/** Return the look of a registration's state. The word comes from the API. */
export function lookOfVerification(state: Schema<"Registration">["verification"]): Look {
  if (state === "verified") return GOOD;
  if (state === "rejected") return { shape: "triangle", tone: "warn" };
  return state === "pending" ? LOOKS.pending! : LOOKS.absent!;
}
