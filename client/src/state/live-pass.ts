import type { Schema } from "@/api";

type LivePass = Schema<"LivePass">;

/**
 * A renewal is due at most 80 seconds after a pass was minted, and it is taken for 90 (docs/decisions/0240):
 * for ten seconds after it was due the old one still opens doors.
 */
const GRACE_MS = 10_000;

/** A pass as this phone holds it. Times are milliseconds of the phone's clock, so that a wrong one does no harm. */
export interface HeldPass {
  pass: LivePass;
  cameAt: number;
  /** When to ask for the next one. */
  renewAt: number;
  /** From when on it is covered and no longer shown as valid. */
  endsAt: number;
}

/** Return a pass that came at `now`. */
export function hold(pass: LivePass, now: number): HeldPass {
  const renewAt = now + pass.refresh_after_s * 1000;
  return { pass, cameAt: now, renewAt, endsAt: renewAt + GRACE_MS };
}

/** Return in how many seconds the next pass comes; 0 if it is due. */
export function secondsLeft(held: HeldPass, now: number): number {
  return Math.max(0, Math.ceil((held.renewAt - now) / 1000));
}

/** Return whether the pass may be shown as valid. A clock that was set back ends it, too. */
export function isLive(held: HeldPass, now: number): boolean {
  return now < held.endsAt && now >= held.cameAt - 1000;
}
