import { reactive } from "vue";

import { clock, http, poll, Problem, type Polling, type Schema } from "@/api";
import type { Clock } from "@/api/clock";
import { timeOf, uuid7 } from "@/api/nonce";
import { Once } from "@/api/once";
import { kindOf } from "@/api/scanned";
import { t } from "@/texts";
import { moment } from "./moments";
import { network } from "./network";
import { queue, type Band, type Queue } from "./queue";
import { signal, type Signal } from "./signals";

type Screen = Schema<"Screen">;

export interface Place {
  id: string;
  name: string;
}

/** One line over the camera's picture. One with a screen waits for a tap, which shows it in full. */
export interface Strip {
  id: number;
  tone: "warn" | "info" | "admit" | "check" | "refuse";
  text: string;
  more: string;
  screen: Screen | null;
}

interface Parts {
  clock: Clock;
  queue: Pick<Queue, "add" | "drop" | "hold" | "obstacle" | "flush">;
  online: () => boolean;
  scan: (venueId: string, body: Schema<"PassScanRequest">) => Promise<Screen>;
  look: (scanId: string) => Promise<Screen>;
  measured: (scanId: string, body: Schema<"TemperatureRequest">) => Promise<Screen>;
  signal: (name: Signal) => void;
  after: (ms: number) => Promise<void>;
}

/** How long a guard waits for an answer before the scan is kept and the next visitor can be scanned. */
const SLOW_MS = 6_000;
/** A pass that is refused as expired after this time was live when it was scanned. */
const LATE_MS = 10_000;
const STRIP_MS = 6_000;

/**
 * A guard's scans at one door: one at a time in front, others that wait for their answers behind.
 *
 * Each scan is written down before it is sent, so that none is lost with the network. An answer that
 * comes after the guard went on to the next visitor joins the strips; `check` and `refuse` stay there
 * until they are tapped.
 */
export class Door {
  readonly state = reactive({
    shown: null as Screen | null,
    busy: false,
    strips: [] as Strip[],
    temperature: null as Band,
    /** Scans that were answered since the figures were read. */
    scanned: 0,
  });
  private readonly following = new Map<string, Polling>();
  private nextStrip = 1;
  /** Counts how often the door was left: an answer that comes afterwards is shown to nobody. */
  private turn = 0;
  private readonly measuring: Once;

  constructor(private readonly parts: Parts) {
    this.measuring = new Once(parts.clock);
  }

  /** A text came into view. Ignored while a scan is being sent or its outcome is shown. */
  async read(text: string, venue: Place): Promise<void> {
    if (this.state.busy || this.state.shown !== null) return;
    const kind = kindOf(text);
    if (kind !== "pass") {
      // Another's QR code is nobody's business: it is not sent.
      this.warn(t(kind === "venue" ? "guard.venue_code" : "guard.no_pass"));
      return;
    }
    const temperature = this.state.temperature;
    // Nobody inherits a fever, nor is called normal after one.
    if (temperature === "fever") this.state.temperature = null;
    this.state.busy = true;
    try {
      await this.ask(text, venue, temperature);
    } finally {
      this.state.busy = false;
    }
  }

  /** Go on to the next visitor. What waits for its answer comes as a strip. */
  next(): void {
    this.state.shown = null;
  }

  /** Show a strip's scan in full, or put the strip away. */
  open(strip: Strip): void {
    this.remove(strip.id);
    if (strip.screen === null) return;
    this.state.shown = strip.screen;
    this.follow(strip.screen);
  }

  /**
   * Add the temperature to the scan that is shown; it is judged again.
   *
   * Pressed again after a lost answer, it is the same measurement. Throws what the API answers, while
   * the scan is still shown; a guard who has gone on is told in a strip.
   */
  async measured(band: "normal" | "fever"): Promise<void> {
    const scan = this.state.shown;
    if (scan === null) return;
    const turn = this.turn;
    let screen: Screen;
    try {
      screen = await this.measuring.send(`${scan.scan_id} ${band}`, (nonce) => this.parts.measured(scan.scan_id, { temperature: band, nonce }));
    } catch (error) {
      if (turn !== this.turn) return;
      if (this.state.shown?.scan_id === scan.scan_id) throw error;
      this.parts.signal("unreadable");
      this.strip("check", t("guard.not_measured_lost"), `${scan.person.name} ${moment(scan.scanned_at)}`, scan);
      return;
    }
    if (turn !== this.turn) return;
    this.arrived(screen);
    this.follow(screen);
  }

  /** Leave the door: nothing is asked any more, and no person's outcome or temperature stays for the next guard. */
  leave(): void {
    this.turn++;
    this.state.temperature = null;
    for (const polling of this.following.values()) polling.stop();
    this.following.clear();
    this.state.strips = [];
    this.state.shown = null;
  }

  private async ask(code: string, venue: Place, temperature: Band): Promise<void> {
    let nonce = "";
    let kept = false;
    const write = (made: string): void => {
      if (nonce !== "") this.parts.queue.drop(nonce);
      nonce = made;
      kept = this.parts.queue.add({ nonce, venue, code, temperature });
    };
    const hold = (): void => {
      if (kept) {
        this.parts.queue.hold(nonce);
        this.parts.signal("kept");
        this.strip("info", t("guard.kept"), t("guard.kept_more"), null);
      } else {
        // A paired phone that keeps nothing has no room.
        const why = this.parts.queue.obstacle() === "unpaired" ? "guard.not_kept" : "guard.queue_full";
        this.warn(t(why));
      }
    };
    // What cannot be kept is tried all the same: only an answer tells this phone that the network is back.
    if (!this.parts.online() && this.parts.queue.obstacle() === null) {
      write(uuid7(this.parts.clock.now()));
      hold();
      // The network may be back without the phone knowing.
      void this.parts.queue.flush();
      return;
    }

    const turn = this.turn;
    const left = (): boolean => turn !== this.turn;
    let inFront = true;
    let done = false;
    const sent = this.parts.clock.withNonce((made) => {
      write(made);
      return this.parts.scan(venue.id, { nonce: made, pass_code: code, temperature });
    });
    const answered = sent.then(
      (screen) => {
        done = true;
        this.parts.queue.drop(nonce);
        this.state.scanned += 1;
        if (left()) return;
        if (inFront) this.state.shown = screen;
        this.arrived(screen);
        this.follow(screen);
      },
      (error: unknown) => {
        done = true;
        const final = error instanceof Problem && error.status < 500 && error.status !== 401 && error.status !== 429;
        const wasLive = final && error.code === "pass_expired" && this.parts.clock.now() - timeOf(nonce) > LATE_MS;
        if (!final || wasLive) {
          if (inFront) hold();
          return;
        }
        this.parts.queue.drop(nonce);
        if (left()) return;
        this.warn(error.detail || t("common.wrong"));
      },
    );
    await Promise.race([answered, this.parts.after(SLOW_MS)]);
    if (done) return;
    inFront = false;
    hold();
  }

  /** Tell about a scan's answer: on the screen if it is shown, else in a strip. */
  private arrived(screen: Screen): void {
    if (this.state.shown?.scan_id === screen.scan_id) {
      this.state.shown = screen;
      if (screen.outcome !== "pending") this.parts.signal(screen.outcome);
    } else if (screen.outcome !== "pending") {
      this.parts.signal(screen.outcome);
      const who = `${screen.person.name} ${moment(screen.scanned_at)}`;
      this.strip(screen.outcome, screen.outcome_text, who, screen);
    }
  }

  private follow(screen: Screen): void {
    this.following.get(screen.scan_id)?.stop();
    this.following.delete(screen.scan_id);
    if (screen.poll_after_ms === null) return;
    let last = screen.outcome;
    const polling = poll({
      first: screen,
      ask: () => this.parts.look(screen.scan_id),
      show: (answer) => {
        if (answer.poll_after_ms === null) this.following.delete(screen.scan_id);
        const changed = answer.outcome !== last;
        last = answer.outcome;
        if (changed) this.arrived(answer);
        else if (this.state.shown?.scan_id === answer.scan_id) this.state.shown = answer;
      },
      failed: () => {
        this.following.delete(screen.scan_id);
        this.warn(t("guard.answer_lost"));
      },
    });
    this.following.set(screen.scan_id, polling);
  }

  private warn(text: string): void {
    this.parts.signal("unreadable");
    this.strip("warn", text, "", null);
  }

  private strip(tone: Strip["tone"], text: string, more: string, screen: Screen | null): void {
    const id = this.nextStrip++;
    const rest = this.state.strips.filter((strip) => strip.screen !== null || strip.text !== text);
    this.state.strips = [...rest, { id, tone, text, more, screen }];
    if (tone !== "check" && tone !== "refuse") void this.parts.after(STRIP_MS).then(() => this.remove(id));
  }

  private remove(id: number): void {
    this.state.strips = this.state.strips.filter((strip) => strip.id !== id);
  }
}

export const door = new Door({
  clock,
  queue,
  online: () => network.online,
  scan: (venueId, body) => http.post("/v1/venues/{venue_id}/scans", body, { path: { venue_id: venueId } }),
  look: (scanId) => http.get("/v1/scans/{scan_id}", { path: { scan_id: scanId } }),
  measured: (scanId, body) => http.post("/v1/scans/{scan_id}/temperature", body, { path: { scan_id: scanId } }),
  signal,
  after: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});
