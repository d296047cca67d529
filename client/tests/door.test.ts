import { expect, test } from "vitest";

import { Problem, Unanswered, type Schema } from "@/api";
import { Clock } from "@/api/clock";
import { Door } from "@/state/door";
import { t } from "@/texts";

type Screen = Schema<"Screen">;

const NOON = Date.parse("2022-04-24T04:00:00.000Z");
const VENUE = { id: "ven_SABR24PA3EYWNYP2", name: "青禾农贸市场" };
const PASS = "VP1.L.1.7RHYG5G075CMMCW9.1G2RDWE00.32P3WWT3Y0B8J32H";
const OTHER = "VP1.L.1.SABR24PA3EYWNYP2.1G2RDWE00.32P3WWT3Y0B8J32H";

function screen(outcome: Screen["outcome"], more: Partial<Screen> = {}): Screen {
  return {
    scan_id: "scn_1",
    scanned_at: new Date(NOON).toISOString(),
    outcome,
    outcome_text: `text of ${outcome}`,
    person: { name: "李**", phone: null },
    poll_after_ms: null,
    ...more,
  } as Screen;
}

/** A door whose API answers when the test says so, and whose time passes when the test says so. */
class Bench {
  time = NOON;
  online = true;
  paired = true;
  room = true;
  readonly kept = new Map<string, string>();
  readonly asked: { nonce: string; temperature?: string | null; pass_code: string }[] = [];
  readonly signals: string[] = [];
  looks: Screen[] = [];
  readonly measurements: string[] = [];
  losesMeasurement = false;
  /** What a measurement waits for. */
  measuring = Promise.resolve();
  private answers: { resolve: (screen: Screen) => void; reject: (error: unknown) => void }[] = [];
  private timers: { at: number; run: () => void }[] = [];
  readonly door = new Door({
    clock: new Clock(() => this.time),
    queue: {
      obstacle: () => (this.paired ? null : "unpaired"),
      add: ({ nonce }) => {
        if (this.paired && this.room) this.kept.set(nonce, "asking");
        return this.paired && this.room;
      },
      drop: (nonce) => void this.kept.delete(nonce),
      hold: (nonce) => void this.kept.set(nonce, "waiting"),
      flush: async () => undefined,
    },
    online: () => this.online,
    scan: (_, body) => {
      this.asked.push(body);
      return new Promise((resolve, reject) => this.answers.push({ resolve, reject }));
    },
    look: async () => this.looks.shift()!,
    measured: async (_, body) => {
      this.measurements.push(body.nonce ?? "none");
      await this.measuring;
      if (this.losesMeasurement) throw new Unanswered("no answer");
      return screen(body.temperature === "fever" ? "refuse" : "admit", { temperature: body.temperature });
    },
    signal: (name) => void this.signals.push(name),
    after: (ms) => new Promise((resolve) => this.timers.push({ at: this.time + ms, run: () => resolve() })),
  });

  get state() {
    return this.door.state;
  }
  async answer(what: Screen | Error): Promise<void> {
    const one = this.answers.shift()!;
    if (what instanceof Error) one.reject(what);
    else one.resolve(what);
    await quiet();
  }
  async pass(ms: number): Promise<void> {
    this.time += ms;
    const due = this.timers.filter((timer) => timer.at <= this.time);
    this.timers = this.timers.filter((timer) => timer.at > this.time);
    for (const timer of due) timer.run();
    await quiet();
  }
  async scan(text = PASS): Promise<Promise<void>> {
    const done = this.door.read(text, VENUE);
    await quiet();
    return done;
  }
}

async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function problem(status: number, code: string): Problem {
  return new Problem(status, { code, detail: `because ${code}` }, undefined);
}

test("a scan is written down before it is sent, and forgotten when it is answered", async () => {
  const bench = new Bench();
  void bench.scan();
  await quiet();
  expect([...bench.kept.values()]).toEqual(["asking"]);
  expect([...bench.kept.keys()]).toEqual([bench.asked[0]!.nonce]);
  await bench.answer(screen("admit"));
  expect(bench.kept.size).toBe(0);
  expect(bench.state.shown?.outcome).toBe("admit");
  expect(bench.signals).toEqual(["admit"]);
});

test("a normal temperature stays for the next visitor, a fever falls back to not measured", async () => {
  const bench = new Bench();
  bench.state.temperature = "normal";
  void bench.scan();
  await quiet();
  await bench.answer(screen("admit"));
  expect(bench.state.temperature).toBe("normal");
  bench.door.next();
  bench.state.temperature = "fever";
  void bench.scan(OTHER);
  await quiet();
  expect(bench.asked.map((body) => body.temperature)).toEqual(["normal", "fever"]);
  expect(bench.state.temperature).toBeNull();
});

test("without a network a scan is kept at once, and shown as not yet on record", async () => {
  const bench = new Bench();
  bench.online = false;
  void bench.scan();
  await quiet();
  expect([...bench.kept.values()]).toEqual(["waiting"]);
  expect(bench.asked).toEqual([]);
  expect(bench.signals).toEqual(["kept"]);
  expect(bench.state.strips[0]).toMatchObject({ tone: "info", text: t("guard.kept") });
  expect(bench.state.busy).toBe(false);
});

test("a slow answer does not stop the queue of visitors: it comes as a strip, with its sound", async () => {
  const bench = new Bench();
  void bench.scan();
  await quiet();
  await bench.pass(6_000);
  expect(bench.state.busy).toBe(false);
  expect([...bench.kept.values()]).toEqual(["waiting"]);
  await bench.answer(screen("refuse"));
  expect(bench.kept.size).toBe(0);
  expect(bench.state.shown).toBeNull();
  expect(bench.signals).toEqual(["kept", "refuse"]);
  const strip = bench.state.strips.find((one) => one.tone === "refuse")!;
  await bench.pass(60_000);
  expect(bench.state.strips.map((one) => one.id)).toEqual([strip.id]);
  bench.door.open(strip);
  expect(bench.state.shown?.outcome).toBe("refuse");
});

test("expired, used and invalid passes are an amber strip, and nothing of them is kept", async () => {
  for (const code of ["pass_expired", "pass_used", "pass_invalid"]) {
    const bench = new Bench();
    void bench.scan();
    await quiet();
    await bench.answer(problem(code === "pass_used" ? 409 : 422, code));
    expect(bench.state.strips).toMatchObject([{ tone: "warn", text: `because ${code}` }]);
    expect(bench.kept.size).toBe(0);
    expect(bench.state.shown).toBeNull();
    expect(bench.signals).toEqual(["unreadable"]);
  }
});

test("a pass that expired on a slow network is sent late; one that the network lost, too", async () => {
  const slow = new Bench();
  void slow.scan();
  await quiet();
  slow.time += 11_000;
  await slow.answer(problem(422, "pass_expired"));
  expect([...slow.kept.values()]).toEqual(["waiting"]);
  const lost = new Bench();
  void lost.scan();
  await quiet();
  await lost.answer(new Unanswered("no answer"));
  expect([...lost.kept.values()]).toEqual(["waiting"]);
  const unpaired = new Bench();
  unpaired.paired = false;
  void unpaired.scan();
  await quiet();
  await unpaired.answer(new Unanswered("no answer"));
  expect(unpaired.state.strips[0]?.text).toBe(t("guard.not_kept"));
});

test("another's QR code is not sent anywhere, and a venue's code is named", async () => {
  const bench = new Bench();
  void bench.scan("https://pay.example.com/user/1234");
  void bench.scan("https://V.EXAMPLE.COM/V/32P3WWT3Y0B8J32H");
  await quiet();
  expect(bench.asked).toEqual([]);
  expect(bench.state.strips.map((strip) => strip.text)).toEqual([t("guard.no_pass"), t("guard.venue_code")]);
});

test("a code that comes into view while an outcome is shown is left alone", async () => {
  const bench = new Bench();
  void bench.scan();
  await quiet();
  await bench.answer(screen("check"));
  void bench.scan(OTHER);
  await quiet();
  expect(bench.asked).toHaveLength(1);
  bench.door.next();
  void bench.scan(OTHER);
  await quiet();
  expect(bench.asked).toHaveLength(2);
});

test("a temperature that is measured afterwards judges the scan again", async () => {
  const bench = new Bench();
  void bench.scan();
  await quiet();
  await bench.answer(screen("admit", { temperature: null }));
  await bench.door.measured("fever");
  expect(bench.state.shown?.outcome).toBe("refuse");
  expect(bench.signals).toEqual(["admit", "refuse"]);
});

test("a temperature whose answer was lost is sent again as the same measurement, a corrected one as another", async () => {
  const bench = new Bench();
  void bench.scan();
  await quiet();
  await bench.answer(screen("admit", { temperature: null }));
  bench.losesMeasurement = true;
  await expect(bench.door.measured("normal")).rejects.toThrow(Unanswered);
  bench.losesMeasurement = false;
  await bench.door.measured("normal");
  await bench.door.measured("fever");
  const [first, again, corrected] = bench.measurements;
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
  expect(again).toBe(first);
  expect(corrected).not.toBe(first);
});

test("a temperature that is lost after the guard went on is told with its scan, not with the next visitor's", async () => {
  const bench = new Bench();
  void bench.scan();
  await quiet();
  await bench.answer(screen("admit", { temperature: null }));
  let go = (): void => undefined;
  bench.measuring = new Promise((resolve) => (go = resolve));
  bench.losesMeasurement = true;
  const measured = bench.door.measured("fever");
  bench.door.next();
  go();
  await measured;
  await bench.pass(60_000);
  expect(bench.state.strips).toMatchObject([{ tone: "check", text: t("guard.not_measured_lost"), screen: { scan_id: "scn_1" } }]);
});

test("a paired phone without room says so", async () => {
  const bench = new Bench();
  bench.online = false;
  bench.room = false;
  void bench.scan();
  await quiet();
  expect(bench.state.strips[0]?.text).toBe(t("guard.queue_full"));
});

test("a pending scan is left for the next visitor, and its answer comes as a strip", async () => {
  const bench = new Bench();
  bench.looks = [screen("check")];
  void bench.scan();
  await quiet();
  await bench.answer(screen("pending", { poll_after_ms: 0 }));
  expect(bench.state.shown?.outcome).toBe("pending");
  bench.door.next();
  await new Promise((resolve) => setTimeout(resolve, 1));
  await quiet();
  expect(bench.state.shown).toBeNull();
  expect(bench.state.strips).toMatchObject([{ tone: "check", text: "text of check" }]);
  bench.door.leave();
  expect(bench.state.strips).toEqual([]);
});

test("who stands at the door next begins without a temperature", async () => {
  const bench = new Bench();
  bench.state.temperature = "normal";
  bench.door.leave();
  void bench.scan();
  await quiet();
  expect(bench.asked.map((body) => body.temperature)).toEqual([null]);
});

test("the answer to a scan that comes after the door was left is shown to nobody, and not asked for again", async () => {
  const bench = new Bench();
  void bench.scan();
  await quiet();
  bench.door.leave();
  await bench.answer(screen("pending", { poll_after_ms: 0 }));
  await new Promise((resolve) => setTimeout(resolve, 1));
  await quiet();
  expect(bench.state).toMatchObject({ shown: null, strips: [] });
  expect(bench.signals).toEqual([]);
  expect(bench.kept.size).toBe(0);
});

test("a phone that keeps no scans tries to send each, so that it finds the network again", async () => {
  const bench = new Bench();
  bench.online = false;
  bench.paired = false;
  void bench.scan();
  await quiet();
  await bench.answer(screen("admit"));
  expect(bench.state.shown?.outcome).toBe("admit");
});
