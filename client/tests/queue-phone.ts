/** A guard's phone and the API behind it, as far as the queue of kept scans uses them. */

import { expect } from "vitest";

import { Problem, Unanswered, type Schema } from "@/api";
import { Clock } from "@/api/clock";
import { timeOf, uuid7 } from "@/api/nonce";
import { Queue, type Band } from "@/state/queue";
import { signature } from "@/state/signature";
import { FakeStorage } from "./fake-storage";

export const NOON = Date.parse("2022-04-24T04:00:00.000Z");
export const DAY = 86_400_000;
export const VENUE = { id: "ven_SABR24PA3EYWNYP2", name: "青禾农贸市场" };
export const PASS = "VP1.L.1.7RHYG5G075CMMCW9.1G2RDWE00.32P3WWT3Y0B8J32H";

/** The API as far as the queue uses it: records a visit once, checks signatures and times. */
export class FakeApi {
  time = NOON;
  online = true;
  /** The next answer is lost on its way back. */
  losesAnswer = false;
  readonly visits = new Map<string, number>();
  readonly calls: string[] = [];
  readonly devices = new Map<string, { id: string; secret: string }>();
  readonly revoked = new Set<string>();
  clock: Clock | null = null;
  /** Whether answers have a header `Date` that the client can read. */
  datesAnswers = true;
  /** A pass with which the server fails, and how. */
  fails = "";
  failure = new Problem(500, { code: "internal_error", detail: "because internal_error" }, undefined);

  async pair(nonce: string): Promise<Schema<"PhonePaired">> {
    this.arrive();
    if (!this.devices.has(nonce)) {
      if (Math.abs(timeOf(nonce) - this.time) > 600_000) throw this.problem(422, "clock_skewed");
      this.devices.set(nonce, { id: `phn_${this.devices.size}`, secret: `SECRET${this.devices.size}` });
    }
    const device = this.devices.get(nonce)!;
    this.leave();
    return { device_id: device.id, secret: device.secret, paired_at: new Date(this.time).toISOString() };
  }

  async send(venueId: string, body: Schema<"LateScanRequest">): Promise<Schema<"LateScanShown">> {
    this.arrive();
    if (body.pass_code === this.fails) throw this.failure;
    this.calls.push(body.nonce);
    if (this.datesAnswers) this.clock?.heard(this.time);
    const age = this.time - timeOf(body.nonce);
    if (age > 7 * DAY || age < -600_000) throw this.problem(422, "clock_skewed");
    const device = [...this.devices.values()].find((one) => one.id === body.device_id);
    if (device === undefined || this.revoked.has(device.id)) throw this.problem(403, "device_not_paired");
    const signed = { deviceId: device.id, venueId, nonce: body.nonce, passCode: body.pass_code, temperature: body.temperature ?? null };
    if (body.signature !== signature(device.secret, signed)) throw this.problem(422, "signature_invalid");
    if (!this.visits.has(body.nonce)) {
      // The pass was live for a minute around its time.
      const live = Number(body.pass_code.split("@")[1] ?? timeOf(body.nonce));
      if (Math.abs(timeOf(body.nonce) - live) > 90_000) throw this.problem(422, "pass_expired");
      this.visits.set(body.nonce, timeOf(body.nonce));
    }
    this.leave();
    const at = new Date(this.time).toISOString();
    return { status: "recorded", scan_id: `scn_${body.nonce}`, scanned_at: at, received_at: at };
  }

  private arrive(): void {
    if (!this.online) throw new Unanswered("no answer");
  }
  private leave(): void {
    const lost = this.losesAnswer;
    this.losesAnswer = false;
    if (lost) throw new Unanswered("no answer");
  }
  private problem(status: number, code: string): Problem {
    return new Problem(status, { code, detail: `because ${code}`, server_time: new Date(this.time).toISOString() }, undefined);
  }
}

export class Phone {
  /** Milliseconds by which the phone's clock is wrong. */
  wrong = 0;
  person: string | null = "per_1";
  queue!: Queue;
  clock!: Clock;
  constructor(
    readonly api = new FakeApi(),
    readonly storage = new FakeStorage(),
  ) {
    this.restart();
  }
  restart(): void {
    this.storage.left = Infinity;
    this.queue = this.tab();
  }
  tab(): Queue {
    const clock = new Clock(() => this.api.time + this.wrong);
    this.clock = clock;
    return new Queue({
      storage: this.storage,
      clock,
      person: () => this.person,
      pair: (nonce) => this.api.pair(nonce),
      send: (venue, body) => {
        this.api.clock = clock;
        return this.api.send(venue, body);
      },
    });
  }
  /** Scan without a network: the scan is written down, and nothing answers it. */
  scan(code = PASS, temperature: Band = null): string {
    const nonce = uuid7(this.clock.now());
    expect(this.queue.add({ nonce, venue: VENUE, code, temperature })).toBe(true);
    this.queue.hold(nonce);
    this.api.time += 1000;
    return nonce;
  }
  states(): string[] {
    return this.queue.state.entries.map((entry) => entry.state);
  }
}

export async function paired(): Promise<Phone> {
  const phone = new Phone();
  await phone.queue.pair();
  return phone;
}
