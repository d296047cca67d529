import { expect, test } from "vitest";

import { uuid7 } from "@/api/nonce";
import { signature } from "@/state/signature";
import { Crash } from "./fake-storage";
import { DAY, paired, PASS, Phone, VENUE } from "./queue-phone";

test("the signature is what Python's hmac makes of the same lines", () => {
  const nonce = "018058DE-3800-7abc-8def-0123456789ab";
  const signed = { deviceId: "phn_7RHYG5G075CMMCW9", venueId: VENUE.id, nonce };
  const secret = "7RHYG5G075CMMCW932P3WWT3Y0B8J32H";
  expect(signature(secret, { ...signed, passCode: PASS, temperature: "fever" })).toBe(
    "v1=57a944f8554572e3f53cb1e42af785ed1c1eb7d1958ff3e87515d14aae5c4bc9",
  );
  expect(signature(secret, { ...signed, passCode: "ＶＰ１。L。号", temperature: null })).toBe(
    "v1=dc695ed7de2f42add170ca5a15349a5e5a5952bdc4a0768e37707da1de1e5177",
  );
});

test("scans without a network are kept in order and sent one after another, with the nonce of the moment", async () => {
  const phone = await paired();
  phone.api.online = false;
  const nonces = [phone.scan(PASS, "fever"), phone.scan(), phone.scan()];
  await phone.queue.flush();
  expect(phone.states()).toEqual(["waiting", "waiting", "waiting"]);
  phone.api.online = true;
  phone.api.time += 3_600_000;
  await phone.queue.flush();
  expect(phone.api.calls).toEqual(nonces);
  expect(phone.states()).toEqual(["sent", "sent", "sent"]);
});

test("what is kept while another scan is on its way goes out after it, without waiting for the next half minute", async () => {
  const phone = await paired();
  const send = phone.api.send.bind(phone.api);
  let scanned = false;
  phone.api.send = async (venueId, body) => {
    if (!scanned) phone.scan();
    scanned = true;
    return send(venueId, body);
  };
  phone.scan();
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent", "sent"]);
});

test("a kept scan survives a restart, and nothing of health stays once it is sent", async () => {
  const phone = await paired();
  phone.scan(PASS, "fever");
  phone.restart();
  await phone.queue.flush();
  expect(phone.api.visits.size).toBe(1);
  const kept = [...phone.storage.kept.entries()].filter(([key]) => key.startsWith("queue.")).map(([, text]) => text);
  expect(kept.join()).not.toContain("fever");
  expect(kept.join()).not.toContain("VP1");
});

test("a phone that stops between any two steps records each visit once", async () => {
  const steps = async (phone: Phone): Promise<string> => {
    const nonce = phone.scan();
    phone.api.losesAnswer = true;
    await phone.queue.flush();
    await phone.queue.flush();
    return nonce;
  };
  let writes = 0;
  for (; writes < 30; writes++) {
    const phone = new Phone();
    phone.storage.left = writes;
    try {
      await phone.queue.pair();
      await steps(phone);
    } catch (error) {
      if (!(error instanceof Crash) && !(error instanceof Error && error.name === "AssertionError")) throw error;
    }
    const finished = phone.storage.left >= 0;
    phone.restart();
    phone.api.losesAnswer = false;
    await phone.queue.pair();
    const kept = phone.queue.state.entries.length;
    phone.api.time += 120_000;
    await phone.queue.flush();
    expect(phone.api.devices.size).toBe(1);
    expect(phone.api.visits.size).toBe(kept);
    expect(phone.states().every((state) => state === "sent")).toBe(true);
    if (finished) break;
  }
  expect(writes).toBeGreaterThan(4);
  expect(writes).toBeLessThan(30);
});

test("a lost answer is asked again with the same nonce, and recorded once", async () => {
  const phone = await paired();
  const nonce = phone.scan();
  phone.api.losesAnswer = true;
  await phone.queue.flush();
  expect(phone.states()).toEqual(["waiting"]);
  await phone.queue.flush();
  expect(phone.api.calls).toEqual([nonce, nonce]);
  expect(phone.api.visits.size).toBe(1);
});

test("two tabs send the same scan once, and neither loses what the other keeps", async () => {
  const phone = await paired();
  const other = phone.tab();
  phone.scan();
  const nonce = uuid7(phone.clock.now());
  other.add({ nonce, venue: VENUE, code: PASS, temperature: null });
  other.hold(nonce);
  await Promise.all([phone.queue.flush(), other.flush()]);
  phone.queue.load();
  expect(phone.api.visits.size).toBe(2);
  expect(phone.states()).toEqual(["sent", "sent"]);
});

test("a scan that another tab is asking about just now is left alone for a minute", async () => {
  const phone = await paired();
  phone.queue.add({ nonce: uuid7(phone.clock.now()), venue: VENUE, code: PASS, temperature: null });
  await phone.queue.flush();
  expect(phone.api.calls).toEqual([]);
  phone.api.time += 61_000;
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent"]);
});

test("scans of a phone whose clock is two hours off are stamped anew when the network tells the time", async () => {
  const phone = new Phone();
  await phone.queue.pair();
  phone.restart();
  phone.wrong = -7_200_000;
  const at = phone.api.time;
  phone.scan(`${PASS}@${at}`);
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent"]);
  expect([...phone.api.visits.values()]).toEqual([at]);
});

test("what is refused stays with its reason until it is seen, and the next is sent", async () => {
  const phone = await paired();
  phone.scan(`${PASS}@0`);
  phone.scan();
  await phone.queue.flush();
  expect(phone.states()).toEqual(["refused", "sent"]);
  expect(phone.queue.state.entries[0]!.reason).toBe("because pass_expired");
  phone.restart();
  expect(phone.states()).toEqual(["refused", "sent"]);
  phone.queue.seen();
  expect(phone.states()).toEqual([]);
});

test("a scan with which the server fails waits, and those after it are recorded", async () => {
  const phone = await paired();
  phone.api.fails = `${PASS}@${phone.api.time}`;
  phone.scan(phone.api.fails);
  phone.scan();
  await phone.queue.flush();
  expect(phone.states()).toEqual(["waiting", "sent"]);
  phone.api.fails = "";
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent", "sent"]);
});

test("scans of a revoked phone are refused one by one, and the phone can be paired again", async () => {
  const phone = await paired();
  phone.scan();
  phone.scan();
  phone.api.revoked.add("phn_0");
  await phone.queue.flush();
  expect(phone.states()).toEqual(["refused", "refused"]);
  expect(phone.queue.state.paired).toBe(false);
  await phone.queue.pair();
  phone.scan();
  await phone.queue.flush();
  expect(phone.states()).toEqual(["refused", "refused", "sent"]);
});

test("after seven days a scan has expired, and nothing of health stays", async () => {
  const phone = await paired();
  phone.scan(PASS, "fever");
  phone.api.time += 7 * DAY;
  await phone.queue.flush();
  expect(phone.states()).toEqual(["expired"]);
  expect(phone.api.visits.size).toBe(0);
  const kept = [...phone.storage.kept.entries()].filter(([key]) => key.startsWith("queue.")).map(([, text]) => text);
  expect(kept.join()).not.toContain("fever");
});

test("after a log out another person neither sees nor sends the scans; the same person does", async () => {
  const phone = await paired();
  phone.scan();
  phone.person = null;
  await phone.queue.flush();
  phone.person = "per_2";
  await phone.queue.flush();
  expect(phone.states()).toEqual([]);
  expect(phone.api.calls).toEqual([]);
  phone.person = "per_1";
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent"]);
});

test("a phone that is not paired keeps nothing, and a full one says so", async () => {
  const phone = new Phone();
  const scan = () => ({ nonce: uuid7(phone.clock.now()), venue: VENUE, code: PASS, temperature: null });
  expect(phone.queue.obstacle()).toBe("unpaired");
  expect(phone.queue.add(scan())).toBe(false);
  await phone.queue.pair();
  for (let i = 0; i < 500; i++) phone.queue.add(scan());
  expect(phone.queue.obstacle()).toBe("full");
  expect(phone.queue.add(scan())).toBe(false);
});

test("a scan whose answer is lost while others are being sent goes out with them", async () => {
  const phone = await paired();
  const nonce = uuid7(phone.clock.now());
  phone.queue.add({ nonce, venue: VENUE, code: PASS, temperature: null });
  phone.api.time += 1000;
  phone.scan();
  const send = phone.api.send.bind(phone.api);
  phone.api.send = (venue, body) => {
    phone.queue.hold(nonce);
    return send(venue, body);
  };
  await phone.queue.flush();
  expect(phone.states()).toEqual(["sent", "sent"]);
});
