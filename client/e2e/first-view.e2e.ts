/** Somebody opens the client for the first time on a 3G network: 1.6 Mbit/s, 300 ms to the server and back. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { Chromium } from "./browser";
import { text } from "./texts";

const BYTES_A_SECOND = 1_600_000 / 8;
const LATENCY_MS = 300;

let chromium: Chromium;
beforeAll(async () => {
  chromium = await Chromium.launch();
});
afterAll(() => chromium.close());

it("shows the first view within two seconds, of at most 150 KB", async () => {
  const phone = await chromium.phone();
  const network = await phone.context.newCDPSession(phone.page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: LATENCY_MS,
    downloadThroughput: BYTES_A_SECOND,
    uploadThroughput: BYTES_A_SECOND,
  });
  let bytes = 0;
  network.on("Network.loadingFinished", (done) => {
    bytes += done.encodedDataLength;
  });
  await phone.open("pages/login/login");
  await phone.by("button", text("login.send_code")).waitFor();
  const [paint] = await phone.page.evaluate(() => performance.getEntriesByName("first-contentful-paint").map((one) => one.startTime));
  console.info(`first view: ${(bytes / 1024).toFixed(0)} KB, ${Math.round(paint!)} ms`);
  expect(bytes).toBeLessThanOrEqual(150 * 1024);
  expect(paint).toBeLessThanOrEqual(2000);
});
