import type { Schema } from "@/api";
import type { Clock } from "@/api/clock";
import { timeOf } from "@/api/nonce";
import { Problem } from "@/api/problem";
import { sameVenue } from "@/api/scanned";
import { writeIfRoom, type Storage } from "./storage";

type ScanRequest = Schema<"ScanRequest">;
type Screen = Schema<"Screen">;

interface Written {
  request: ScanRequest;
  /** Who scanned: it is sent with no other login. */
  personId: string;
}

/** The API takes a nonce for ten minutes; a scan that is kept for longer is refused. */
const KEPT_MS = 10 * 60_000;
const KEY = "scan";

/** What was written down was not sent in time: the person scans again, or sees the staff. */
export class NotRecorded extends Error {}

/**
 * Scans of a venue's code by a visitor (docs/clients.md, A scan).
 *
 * The request is written down before it is sent, and deleted at any answer below 500 but 429. Until
 * then it is the same visit: `again` sends it with the nonce that it had, also after a restart.
 */
export class Scans {
  /** What a storage that is full or closed did not take: kept as long as the client is open. */
  private unkept: Written | null = null;
  /** The request that is away. Who sends it once more meanwhile gets the same answer. */
  private away: { nonce: string; answer: Promise<Screen> } | null = null;

  constructor(
    private readonly storage: Storage,
    private readonly post: (request: ScanRequest) => Promise<Screen>,
    private readonly clock: Clock,
    private readonly personId: () => string | null,
  ) {}

  /**
   * Scan: a new visit, or the one that waits if it is of the same code. Throws what the call throws;
   * `waits` says whether it can be sent again.
   */
  async scan(request: Omit<ScanRequest, "nonce">): Promise<Screen> {
    const waiting = this.written()?.request;
    const same = waiting !== undefined && sameVenue(waiting.code, request.code) && (waiting.on_behalf_of ?? null) === (request.on_behalf_of ?? null);
    if (same && this.age(waiting) <= KEPT_MS) return await this.send(waiting);
    return await this.clock.withNonce((nonce) => this.send({ ...request, nonce }));
  }

  /** Whether a scan of this person waits to be sent again. One of another person is forgotten. */
  waits(): boolean {
    return this.written() !== null;
  }

  /** Return for whom the scan is that waits: a dependant's id, or null for oneself and without such a scan. */
  waitsFor(): string | null {
    return this.written()?.request.on_behalf_of ?? null;
  }

  /**
   * Send the scan that waits, once more and unchanged. Return null if none does.
   *
   * Throws `NotRecorded` if it is older than ten minutes, or the API finds so: nothing was recorded.
   */
  async again(): Promise<Screen | null> {
    const written = this.written();
    if (written === null) return null;
    if (this.age(written.request) > KEPT_MS) {
      this.forget();
      throw new NotRecorded("too old");
    }
    try {
      return await this.send(written.request);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "clock_skewed") throw error;
      this.clock.corrected(error);
      throw new NotRecorded("too old");
    }
  }

  /** Forget the scan that waits: the person gave it up. */
  forget(): void {
    this.unkept = null;
    this.storage.remove(KEY);
  }

  private age(request: ScanRequest): number {
    return this.clock.now() - timeOf(request.nonce);
  }

  private async send(request: ScanRequest): Promise<Screen> {
    const { nonce } = request;
    if (this.away?.nonce === nonce) return await this.away.answer;
    const written: Written = { request, personId: this.personId() ?? "" };
    this.unkept = writeIfRoom(this.storage, KEY, written) ? null : written;
    const away = { nonce, answer: this.post(request) };
    this.away = away;
    try {
      const screen = await away.answer;
      this.answered(nonce);
      return screen;
    } catch (error) {
      if (error instanceof Problem && error.status < 500 && error.status !== 429) this.answered(nonce);
      throw error;
    } finally {
      if (this.away === away) this.away = null;
    }
  }

  /** Forget a scan that was answered, but not one that was made since. */
  private answered(nonce: string): void {
    if (this.written()?.request.nonce === nonce) this.forget();
  }

  private written(): Written | null {
    const written = this.unkept ?? this.storage.read<Written>(KEY);
    if (written === null) return null;
    if (written.personId === this.personId()) return written;
    // Without a login it may still become this person's.
    if (this.personId() !== null) this.forget();
    return null;
  }
}
