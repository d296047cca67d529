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
  /** Its time is that of the scan. */
  nonce: string;
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
  /** `asking`: the scan is being sent just now. `expired`: seven days went by without a network. */
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
  send: (venueId: string, body: Schema<"LateScanRequest">) => Promise<unknown>;
}

const ENTRY = "queue.";
const DEVICE = "device.";
const PAIRING = "pairing.";
/** So that a phone's storage (200 KB to 10 MB) is never filled. */
const MOST_WAITING = 500;
const MOST_SENT = 50;
const LATEST_MS = 7 * 86_400_000;
const SENT_SHOWN_MS = 86_400_000;
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

  constructor(private readonly parts: Parts) {
    this.load();
  }

  /** Read the entries of the person who is logged in; forget what is over for everybody. */
  load(): void {
    const now = this.parts.clock.now();
    const person = this.parts.person();
    const mine: Entry[] = [];
    for (const key of this.parts.storage.keys(ENTRY)) {
      const entry = this.parts.storage.read<Entry>(key);
      if (entry === null) {
        this.parts.storage.remove(key);
        continue;
      }
      const age = now - timeOf(entry.nonce);
      const unsent = entry.state === "asking" || entry.state === "waiting";
      if (unsent && age > LATEST_MS) this.close(entry, "expired", "");
      else if (entry.state === "sent" && age > SENT_SHOWN_MS) this.parts.storage.remove(key);
      if (entry.personId === person) mine.push(entry);
    }
    mine.sort((a, b) => (a.nonce < b.nonce ? -1 : 1));
    const sent = mine.filter((entry) => entry.state === "sent");
    const tooMany = new Set(sent.slice(0, Math.max(0, sent.length - MOST_SENT)));
    for (const entry of tooMany) this.parts.storage.remove(ENTRY + entry.nonce);
    this.state.entries = mine.filter((entry) => !tooMany.has(entry) && this.parts.storage.read(ENTRY + entry.nonce) !== null);
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

  /** A scan was answered, or stamped anew: it needs not be kept. */
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
      if (entry.state !== "asking" && entry.state !== "waiting") this.parts.storage.remove(ENTRY + entry.nonce);
    }
    this.load();
  }

  waiting(): Entry[] {
    return this.state.entries.filter((entry) => entry.state === "asking" || entry.state === "waiting");
  }

  /** Send what waits, the oldest first, one after another; stop at the first that gets no answer. */
  async flush(): Promise<void> {
    if (this.state.sending) return;
    this.state.sending = true;
    try {
      this.load();
      for (const { nonce } of this.waiting()) {
        if (!(await this.sendOne(nonce, true))) break;
      }
    } finally {
      this.state.sending = false;
      this.load();
    }
  }

  /** Send one entry. Return whether the next one is worth trying. */
  private async sendOne(nonce: string, mayStampAnew: boolean): Promise<boolean> {
    const entry = this.parts.storage.read<Entry>(ENTRY + nonce);
    // Another tab has sent it, or its scan is being answered just now.
    if (entry === null || (entry.state !== "waiting" && !this.abandoned(entry))) return true;
    if (entry.personId !== this.parts.person()) return false;
    const device = this.device();
    if (device === null || device.deviceId !== entry.deviceId) {
      // The phone was paired anew, or its right is gone: only the phone that scanned may send it.
      this.close(entry, "refused", "");
      return true;
    }
    try {
      await this.parts.send(entry.venueId, this.body(entry, device));
    } catch (error) {
      const final = error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 401 && error.status !== 429;
      // A fault of the server with this one entry must not keep the others from being recorded.
      if (!final) return error instanceof Problem && error.status === 500;
      if (error.status === 422 && mayStampAnew && this.parts.clock.changedFrom(entry.ahead)) {
        // The phone's clock was wrong when it scanned, and nothing is on record of that time.
        return await this.sendOne(this.stampedAnew(entry), false);
      }
      if (error.code === "device_not_paired") this.parts.storage.remove(DEVICE + entry.personId);
      this.close(entry, "refused", error.detail);
      this.load();
      return true;
    }
    this.close(entry, "sent", "");
    this.load();
    return true;
  }

  private body(entry: Entry, device: Device): Schema<"LateScanRequest"> {
    const { nonce, temperature, code, venueId } = entry;
    const signed = signature(device.secret, { deviceId: device.deviceId, venueId, nonce, passCode: code, temperature });
    return { nonce, pass_code: code, device_id: device.deviceId, signature: signed, temperature };
  }

  private stampedAnew(entry: Entry): string {
    const ahead = this.parts.clock.ahead;
    const nonce = uuid7(timeOf(entry.nonce) - entry.ahead + ahead);
    this.keep({ ...entry, nonce, ahead, state: "waiting" });
    this.parts.storage.remove(ENTRY + entry.nonce);
    this.load();
    return nonce;
  }

  private abandoned(entry: Entry): boolean {
    return entry.state === "asking" && this.parts.clock.now() - timeOf(entry.nonce) > ASKING_MS;
  }

  private close(entry: Entry, state: "sent" | "refused" | "expired", reason: string): void {
    Object.assign(entry, { state, reason, code: "", temperature: null });
    this.keep(entry);
  }

  private keep(entry: Entry): boolean {
    try {
      this.parts.storage.write(ENTRY + entry.nonce, entry);
    } catch {
      // The phone's storage is full.
      return false;
    }
    if (entry.personId === this.parts.person()) {
      const others = this.state.entries.filter((other) => other.nonce !== entry.nonce);
      this.state.entries = [...others, entry].sort((a, b) => (a.nonce < b.nonce ? -1 : 1));
    }
    return true;
  }

  private device(): Device | null {
    const person = this.parts.person();
    return person === null ? null : this.parts.storage.read<Device>(DEVICE + person);
  }
}

const PROBE_MS = 30_000;

export const queue = new Queue({
  storage: phoneStorage,
  clock,
  person: () => session.state.personId,
  pair: (nonce) => http.post("/v1/me/devices", { nonce }),
  send: (venueId, body) => http.post("/v1/venues/{venue_id}/late-scans", body, { path: { venue_id: venueId } }),
});
watch(
  () => session.state.personId,
  () => queue.load(),
);

let timer: ReturnType<typeof setInterval> | undefined;

/** Send what waits now, whenever the network comes back, and every half minute while a page of the guard's is open. */
export function keepSending(): void {
  void queue.flush();
  if (timer !== undefined) return;
  timer = setInterval(() => {
    if (session.state.personId !== null && queue.waiting().length > 0) void queue.flush();
  }, PROBE_MS);
}
watch(
  () => network.online,
  (online) => {
    if (online && timer !== undefined && queue.waiting().length > 0) void queue.flush();
  },
);
