import { uuid7 } from "./nonce";
import { Problem } from "./problem";

const SAME_CLOCK_MS = 60_000;

/**
 * The server's time, as well as this phone knows it.
 *
 * A phone's clock may be wrong by hours. What the server says at 422 `clock_skewed`, and the date of
 * answers that came at once from the server itself, correct all later nonces (docs/clients.md, A wrong clock).
 */
export class Clock {
  /** `keep` stores the correction, with which the next start begins: a wrong clock stays wrong. */
  constructor(
    private readonly phone: () => number = Date.now,
    private aheadMs = 0,
    private readonly keep: (aheadMs: number) => void = () => undefined,
  ) {}

  /** Return the present time by the server's clock, in milliseconds. */
  now(): number {
    return this.phone() + this.aheadMs;
  }

  /** Whether the server has said the time since the client started. */
  known = false;

  /** The best that was heard within a minute, by this phone's time: a countdown needs it closer than a nonce does. */
  private best: { aheadMs: number; at: number } | null = null;

  /** Return how many milliseconds are left until a moment as the API writes it, at a time of this phone. */
  until(moment: string, phoneMs = this.phone()): number {
    return Date.parse(moment) - phoneMs - (this.best?.aheadMs ?? this.aheadMs);
  }

  /** By how many milliseconds the server's clock is ahead of the phone's. */
  get ahead(): number {
    return this.aheadMs;
  }

  /** Return whether the clock is now off by a minute from what it was with `ahead`. */
  changedFrom(ahead: number): boolean {
    return Math.abs(this.aheadMs - ahead) > SAME_CLOCK_MS;
  }

  /**
   * Call `send` with a new nonce; if the clock was wrong, once more with a corrected one.
   *
   * `send` may be called twice, and nothing of the first call was recorded. Throws the problem if the
   * clock was right: the request was too old.
   */
  async withNonce<T>(send: (nonce: string) => Promise<T>): Promise<T> {
    const ahead = this.aheadMs;
    try {
      return await send(uuid7(this.now()));
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "clock_skewed") throw error;
      this.corrected(error);
      if (!this.changedFrom(ahead)) throw error;
      return await send(uuid7(this.now()));
    }
  }

  /** Learn the server's time from an answer that was made just now; within a minute nothing changes for nonces. */
  heard(serverMs: number): void {
    const at = this.phone();
    const ahead = serverMs - at;
    this.known = true;
    // A date has whole seconds, and was on its way: both make the server's clock seem behind, so the largest is the nearest.
    const best = this.best !== null && Math.abs(at - this.best.at) < SAME_CLOCK_MS ? this.best.aheadMs : -Infinity;
    if (ahead > best) this.best = { aheadMs: ahead, at };
    if (this.changedFrom(ahead)) this.set(ahead);
  }

  /** Learn the server's time from a problem. Return whether this phone's clock was wrong by a minute. */
  corrected(problem: Problem): boolean {
    const said = problem.code === "clock_skewed" ? Date.parse(problem.body.server_time ?? "") : NaN;
    if (Number.isNaN(said)) return false;
    this.known = true;
    const ahead = said - this.phone();
    if (!this.changedFrom(ahead)) return false;
    this.set(ahead);
    return true;
  }

  private set(ahead: number): void {
    this.aheadMs = ahead;
    this.keep(ahead);
  }
}
