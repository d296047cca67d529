/** What a guard hears and feels. */
export type Signal = "admit" | "check" | "refuse" | "unreadable" | "kept";

export interface Note {
  /** Milliseconds after the beginning. */
  at: number;
  ms: number;
  hz: number;
}

/** Notes and vibrations of each signal. Mini-programs play files made of them: `npm run sounds`. */
export const NOTES: Record<Signal, { notes: Note[]; vibration: { times: number; ms: number } }> = {
  admit: {
    notes: [
      { at: 0, ms: 90, hz: 660 },
      { at: 90, ms: 130, hz: 880 },
    ],
    vibration: { times: 1, ms: 40 },
  },
  check: {
    notes: [
      { at: 0, ms: 110, hz: 520 },
      { at: 200, ms: 110, hz: 520 },
      { at: 400, ms: 110, hz: 520 },
    ],
    vibration: { times: 3, ms: 80 },
  },
  refuse: { notes: [{ at: 0, ms: 700, hz: 220 }], vibration: { times: 1, ms: 600 } },
  unreadable: {
    notes: [
      { at: 0, ms: 60, hz: 180 },
      { at: 120, ms: 60, hz: 180 },
    ],
    vibration: { times: 2, ms: 30 },
  },
  kept: { notes: [{ at: 0, ms: 60, hz: 440 }], vibration: { times: 1, ms: 20 } },
};
