import { reactive, watch } from "vue";

import { clock, http, Problem, type Schema } from "@/api";
import type { Clock } from "@/api/clock";
import { timeOf, uuid7 } from "@/api/nonce";
import { network } from "./network";
import { session } from "./session";
import { signature } from "./signature";
import { phoneStorage, type ListedStorage } from "./storage";

export type Band = "normal" | "fever" | null;

/** A scan that this phone keeps. Once its fate is known, the code and the temperature are forgotten. */
export interface Entry {
  /** Its time is that of the scan. A scan that is stamped anew gets another one. */
  nonce: string;
  /** The end of its key in the storage: its first nonce. Entries of a former release have none. */
  id?: string;
  personId: string;
  venueId: string;
  venueName: string;
  deviceId: string;
  /** As it was read; empty once it is not needed any more. */
  code: string;
  /** The last characters of the code, so that the guard can tell entries apart. */
  tail: string;
  paper: boolean;
  temperature: Band;
  /** By how much the server's clock was thought to be ahead when the nonce was made. */
  ahead: number;
  /** `asking`: the scan is being sent just now. `expired`: it was sent after more than seven days. */
  state: "asking" | "waiting" | "sent" | "refused" | "expired";
  /** Why it was refused, in the API's words. */
  reason: string;
}

interface Device {
  deviceId: string;
  secret: string;
}

interface Parts {
  storage: ListedStorage;
  clock: Clock;
  /** The person who is logged in, or null. */
  person: () => string | null;
  pair: (nonce: string) => Promise<Schema<"PhonePaired">>;
  /** `asks`: whether a session that has ended asks the person to log in. */
  send: (venueId: string, body: Schema<"LateScanRequest">, asks: boolean) => Promise<Schema<"LateScanShown">>;
}

const ENTRY = "queue.";
const DEVICE = "device.";
const PAIRING = "pairing.";
/** So that a phone's storage (200 KB to 10 MB) is never filled. */
const MOST_WAITING = 500;
const MOST_SENT = 50;
const LATEST_MS = 7 * 86_400_000;
const SENT_SHOWN_MS = 86_400_000;
/** The API takes no scan of that age: one whose guard has not come back is over. */
const OVER_MS = LATEST_MS + 86_400_000;
/** A scan that was being sent when the client ended is late after this time. */
const ASKING_MS = 60_000;

/**
 * Scans that a guard's phone keeps until they are on record.
 *
 * Each is one key of the phone's storage, written before it is sent, so that it survives a restart, and
 * two tabs never overwrite each other's. It is sent with the nonce of the moment, as a late upload that
 * this phone signs; the API records a visit once, however often it arrives. Entries belong to the person
 * who scanned: after a log out they wait, unseen by others, for the same person's next login.
 */
export class Queue {
  readonly state = reactive({ entries: [] as Entry[], paired: false, sending: false });
  /** Entries with which the server failed last: they are tried after the others. */
  private readonly troubled = new Set<string>();
  private flushing: Promise<void> | null = null;

  constructor(private readonly parts: Parts) {
    this.load();
  }

  /**
   * Read the entries of the person who is logged in; forget what was sent long ago.
   *
   * The person's own scans do not expire here: a phone's clock may have jumped by a month, and the API's
   * answer decides. Others' do, by the server's time: a guard who never comes back to a shared phone leaves
   * no codes and temperatures on it.
   */
  load(): void {
    const now = this.parts.clock.now();
    const person = this.parts.person();
    const mine: Entry[] = [];
    for (const key of this.parts.storage.keys(ENTRY)) {
      const entry = this.parts.storage.read<Entry>(key);
      const over = entry === null || (entry.state === "sent" && now - timeOf(entry.nonce) > SENT_SHOWN_MS);
      if (over) this.parts.storage.remove(key);
      else if (entry.personId === person) mine.push(entry);
      else if (isUnsent(entry) && this.isOver(entry)) this.close(entry, "expired", "");
    }
    mine.sort(byTime);
    const sent = mine.filter((entry) => entry.state === "sent");
    const tooMany = new Set(sent.slice(0, Math.max(0, sent.length - MOST_SENT)));
    for (const entry of tooMany) this.parts.storage.remove(keyOf(entry));
    this.state.entries = mine.filter((entry) => !tooMany.has(entry));
    this.state.paired = this.device() !== null;
  }

  /** Pair this phone for the person, once. Throws what the API answers. A lost answer pairs it once only. */
  async pair(): Promise<void> {
    const person = this.parts.person();
    if (person === null || this.device() !== null) return;
    const kept = this.parts.storage.read<string>(PAIRING + person);
    const ask = (nonce: string): Promise<Schema<"PhonePaired">> => {
      this.parts.storage.write(PAIRING + person, nonce);
      return this.parts.pair(nonce);
    };
    let paired: Schema<"PhonePaired"> | null = null;
    if (kept !== null) {
      try {
        paired = await ask(kept);
      } catch (error) {
        // The kept nonce is too old: the first attempt never arrived.
        if (!(error instanceof Problem) || error.code !== "clock_skewed") throw error;
      }
    }
    paired = paired ?? (await this.parts.clock.withNonce(ask));
    const device: Device = { deviceId: paired.device_id, secret: paired.secret };
    this.parts.storage.write(DEVICE + person, device);
    this.parts.storage.remove(PAIRING + person);
    this.load();
  }

  /** Return why a scan cannot be kept: the phone is not paired, or it keeps too many already; null if it can. */
  obstacle(): "unpaired" | "full" | null {
    if (this.device() === null) return "unpaired";
    return this.waiting().length >= MOST_WAITING ? "full" : null;
  }

  /** Write a scan down before it is sent. Return whether it is kept. */
  add(scan: { nonce: string; venue: { id: string; name: string }; code: string; temperature: Band }): boolean {
    const device = this.device();
    const person = this.parts.person();
    if (device === null || person === null || this.obstacle() !== null) return false;
    return this.keep({
      nonce: scan.nonce,
      id: scan.nonce,
      personId: person,
      venueId: scan.venue.id,
      venueName: scan.venue.name,
      deviceId: device.deviceId,
      code: scan.code,
      tail: scan.code.trim().slice(-4),
      paper: /VP1\.P\./i.test(scan.code),
      temperature: scan.temperature,
      ahead: this.parts.clock.ahead,
      state: "asking",
      reason: "",
    });
  }

  /** A scan was answered: it needs not be kept. */
  drop(nonce: string): void {
    this.parts.storage.remove(ENTRY + nonce);
    this.load();
  }

  /** A scan got no answer: it is sent late. */
  hold(nonce: string): void {
    const entry = this.parts.storage.read<Entry>(ENTRY + nonce);
    if (entry !== null && entry.state === "asking") this.keep({ ...entry, state: "waiting" });
  }

  /** Forget what the guard has seen: what was sent, refused or expired. */
  seen(): void {
    for (const entry of this.state.entries) {
      if (!isUnsent(entry)) this.parts.storage.remove(keyOf(entry));
    }
    this.load();
  }

  waiting(): Entry[] {
    return this.state.entries.filter(isUnsent);
  }

  /** What is not on record and never will be; it stays until the guard has seen it. */
  failed(): Entry[] {
    return this.state.entries.filter((entry) => entry.state === "refused" || entry.state === "expired");
  }

  /**
   * Send what waits, the oldest first, one after another; stop at the first that gets no answer.
   *
   * What the server failed with the last time comes last, so that it never keeps the others waiting.
   * What goes out by itself does not ask for a login if the session has ended: nobody would know why.
   */
  flush(asks = false): Promise<void> {
    this.flushing ??= this.sendAll(asks).finally(() => {
      this.flushing = null;
    });
    return this.flushing;
  }

  private async sendAll(asks: boolean): Promise<void> {
    this.state.sending = true;
    try {
      this.load();
      const tried = new Set<string>();
      for (;;) {
        // Read anew each time: while one is being sent, the guard scans the next.
        const waiting = this.waiting().filter((entry) => this.isDue(entry) && !tried.has(keyOf(entry)));
        const next = waiting.find((entry) => !this.troubled.has(keyOf(entry))) ?? waiting[0];
        if (next === undefined) break;
        tried.add(keyOf(next));
        if (!(await this.sendOne(keyOf(next), asks, true))) break;
      }
    } finally {
      this.state.sending = false;
      this.load();
    }
  }

  /** Send the entry under a key. Return whether the next one is worth trying. */
  private async sendOne(key: string, asks: boolean, mayStampAnew: boolean): Promise<boolean> {
    const entry = this.parts.storage.read<Entry>(key);
    // Another tab has sent it, or its scan is being answered just now.
    if (entry === null || !this.isDue(entry)) return true;
    if (entry.personId !== this.parts.person()) return false;
    const device = this.device();
    if (device === null || device.deviceId !== entry.deviceId) {
      // The phone was paired anew, or its right is gone: only the phone that scanned may send it.
      this.close(entry, "refused", "");
      return true;
    }
    this.troubled.delete(key);
    try {
      const answer = await this.parts.send(entry.venueId, this.body(entry, device), asks);
      // A network's own page of greeting is no answer of the API.
      if (answer.status !== "recorded") return false;
    } catch (error) {
      if (!(error instanceof Problem)) return false;
      this.parts.clock.corrected(error);
      if (!isFinal(error)) {
        if (error.status >= 500) this.troubled.add(key);
        // A fault of the server with this one entry must not keep the others from being recorded.
        return error.status === 500;
      }
      if (error.status === 422 && mayStampAnew && this.parts.clock.changedFrom(entry.ahead)) {
        // The phone's clock was wrong when it scanned, and nothing is on record of that time.
        return this.stampAnew(key, entry.nonce) ? await this.sendOne(key, asks, false) : true;
      }
      const present = this.parts.storage.read<Entry>(key);
      // Meanwhile another tab has stamped it anew, or has sent it.
      if (present === null || present.nonce !== entry.nonce || !isUnsent(present)) return true;
      if (error.code === "device_not_paired") this.parts.storage.remove(DEVICE + entry.personId);
      const tooOld = error.code === "clock_skewed" && this.parts.clock.now() - timeOf(entry.nonce) > LATEST_MS;
      if (tooOld) this.close(entry, "expired", "");
      else this.close(entry, "refused", error.detail);
      return true;
    }
    this.close(entry, "sent", "");
    return true;
  }

  private body(entry: Entry, device: Device): Schema<"LateScanRequest"> {
    const { nonce, temperature, code, venueId } = entry;
    const signed = signature(device.secret, { deviceId: device.deviceId, venueId, nonce, passCode: code, temperature });
    return { nonce, pass_code: code, device_id: device.deviceId, signature: signed, temperature };
  }

  /**
   * Give an entry the nonce of the same moment by the corrected clock. Return whether it has one now.
   *
   * In one write, under the same key: a phone that stops here keeps one entry, and of two tabs the
   * second finds that the first was faster. Without room it waits with its former nonce.
   */
  private stampAnew(key: string, former: string): boolean {
    const entry = this.parts.storage.read<Entry>(key);
    if (entry === null || entry.nonce !== former || !isUnsent(entry)) return false;
    const ahead = this.parts.clock.ahead;
    return this.keep({ ...entry, id: entry.id ?? former, nonce: uuid7(timeOf(former) - entry.ahead + ahead), ahead, state: "waiting" });
  }

  /** Whether the API takes a scan no more, whichever of the phone's times was wrong: then or now. */
  private isOver(entry: Entry): boolean {
    const { clock } = this.parts;
    const age = clock.now() - timeOf(entry.nonce);
    return clock.known && Math.min(age, age + entry.ahead - clock.ahead) > OVER_MS;
  }

  /** Whether to send it late: it waits, or the client ended while its scan was being sent. */
  private isDue(entry: Entry): boolean {
    if (entry.state !== "asking") return entry.state === "waiting";
    return this.parts.clock.now() - timeOf(entry.nonce) > ASKING_MS;
  }

  private close(entry: Entry, state: "sent" | "refused" | "expired", reason: string): void {
    Object.assign(entry, { state, reason, code: "", temperature: null });
    // Without room for its fate it would be sent for ever, or another's code stay.
    if (!this.keep(entry) && (state === "sent" || entry.personId !== this.parts.person())) this.parts.storage.remove(keyOf(entry));
  }

  private keep(entry: Entry): boolean {
    const key = keyOf(entry);
    try {
      this.parts.storage.write(key, entry);
    } catch {
      // The phone's storage is full.
      return false;
    }
    if (entry.personId === this.parts.person()) {
      const place = this.state.entries.findIndex((other) => keyOf(other) === key);
      if (place >= 0) this.state.entries[place] = entry;
      else this.state.entries = [...this.state.entries, entry].sort(byTime);
    }
    return true;
  }

  private device(): Device | null {
    const person = this.parts.person();
    return person === null ? null : this.parts.storage.read<Device>(DEVICE + person);
  }
}

function keyOf(entry: Entry): string {
  return ENTRY + (entry.id ?? entry.nonce);
}

function byTime(a: Entry, b: Entry): number {
  return a.nonce < b.nonce ? -1 : 1;
}

function isUnsent(entry: Entry): boolean {
  return entry.state === "asking" || entry.state === "waiting";
}

/** Whether the API itself said no for good. What a gateway or a firewall before it says has no code. */
function isFinal(problem: Problem): boolean {
  return problem.status >= 400 && problem.status < 500 && problem.status !== 401 && problem.status !== 429 && problem.code !== "";
}

const PROBE_MS = 30_000;

export const queue = new Queue({
  storage: phoneStorage,
  clock,
  person: () => session.state.personId,
  pair: (nonce) => http.post("/v1/me/devices", { nonce }),
  send: (venueId, body, asks) => http.post("/v1/venues/{venue_id}/late-scans", body, { path: { venue_id: venueId }, login: asks ? undefined : false }),
});
watch(
  () => session.state.personId,
  () => queue.load(),
);

let timer: ReturnType<typeof setInterval> | undefined;

/** Send what waits now, whenever the network comes back, and every half minute while the client is open. */
export function keepSending(): void {
  void queue.flush();
  if (timer !== undefined) return;
  let tidied = false;
  timer = setInterval(() => {
    if (session.state.personId !== null && queue.waiting().length > 0) void queue.flush();
    // The server's time comes with an answer; until then no scan of others is known to be over.
    else if (clock.known && !tidied) queue.load();
    tidied = clock.known;
  }, PROBE_MS);
}
watch(
  () => network.online,
  (online) => {
    if (online && timer !== undefined && queue.waiting().length > 0) void queue.flush();
  },
);
