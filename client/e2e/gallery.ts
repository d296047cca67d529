/**
 * Pictures of every page, for the eye: `npm run gallery` writes `docs/gallery`, and `client.webp` and `screens.webp` of `docs/images`.
 *
 * It needs a deployed local cloud, as the tests do (deployment.ts). A sheet holds every page in one look. Compare the
 * sheets by eye after a change of pages or styles, and commit those that changed.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Chromium, type PhoneOptions } from "./browser";
import { API, send, until, withFault } from "./deployment";
import { DECIDED } from "./guard";
import { MiniProgram } from "./mini-program";
import { makeCast, opened, PAGES, type Cast } from "./pages";
import { uuid7, verified, type Person } from "./people";
import { text } from "./texts";
import { BUILD, draw } from "./wechat-view";

const DOCS = join(__dirname, "../../docs");
const WIDTH = 260;
const COLUMNS = 6;

interface Picture {
  name: string;
  png: Buffer;
}

const LOOKS: [file: string, options: PhoneOptions][] = [
  ["zh-hans", {}],
  ["dark", { dark: true }],
  ["zh-hant", { language: "zh-Hant" }],
  ["english", { language: "en" }],
  ["narrow", { width: 320, height: 640 }],
  ["large-text", { scale: 2 }],
];

const WECHAT: [file: string, settings: Record<string, unknown>][] = [
  ["wechat", {}],
  ["wechat-large-text", { scale: 2 }],
];

async function main(): Promise<void> {
  const only = process.argv.slice(2);
  const chromium = await Chromium.launch();
  mkdirSync(join(DOCS, "gallery"), { recursive: true });
  const cast = await makeCast();
  for (const [file, options] of LOOKS) {
    if (only.length && !only.includes(file)) continue;
    const pictures: Picture[] = [];
    for (const page of PAGES) {
      const phone = await opened(chromium, cast, page, { ...options, reducedMotion: true });
      pictures.push({ name: page[0], png: await phone.page.screenshot() });
      await phone.close();
    }
    await write(chromium, join("gallery", file), pictures, COLUMNS);
  }
  for (const [file, options] of WECHAT) {
    if (only.length && !only.includes(file)) continue;
    const pictures: Picture[] = [];
    for (const page of PAGES) pictures.push({ name: page[0], png: await inWeChat(chromium, cast, page, options) });
    await write(chromium, join("gallery", file), pictures, COLUMNS);
  }
  if (!only.length || only.includes("outcomes")) await outcomes(chromium, cast);
  if (!only.length || only.includes("screens")) await screens(chromium, cast);
  await chromium.close();
}

/** Return a picture of a page as WeChat draws it (wechat-view.ts). */
async function inWeChat(chromium: Chromium, cast: Cast, [, who, address]: (typeof PAGES)[number], settings: Record<string, unknown>): Promise<Buffer> {
  let waiting = 0;
  const program = new MiniProgram(BUILD, "mp-weixin", async ({ method, url, headers, body }) => {
    waiting++;
    const { pathname, search } = new URL(url, API);
    const answer = await send(method, API + pathname + search, body, headers).finally(() => waiting--);
    return { ...answer, headers: Object.fromEntries(answer.headers) };
  });
  const session = who === null ? null : cast[who].session;
  if (session) program.storage.set("vc.login", JSON.stringify({ access: session.access_token, refresh: session.refresh_token, personId: session.person_id }));
  program.storage.set(`vc.guard.${session?.person_id}`, JSON.stringify({ id: cast.venue.venue_id, name: cast.venue.name }));
  program.storage.set("vc.venue", JSON.stringify(cast.venue.venue_id));
  program.storage.set("vc.settings", JSON.stringify(settings));
  const [path, query] = address(cast).split("?");
  await program.launch(path || "pages/home/home", Object.fromEntries(new URLSearchParams(query)));
  const colourless = async (): Promise<boolean> => {
    do await program.quiet();
    while (waiting > 0);
    return program.tags().some(({ attributes }) => /^pass unknown/.test([attributes.class].flat().join(" ")));
  };
  // As `opened` does: a pass has its colour once the provider has answered.
  await until(colourless, (seen) => !seen, 5).catch(() => undefined);
  const context = await chromium.browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await draw(program, page);
  program.end();
  const png = await page.screenshot();
  await context.close();
  return png;
}

/** What a guard sees of three visitors, for the README. */
async function screens(chromium: Chromium, cast: Cast): Promise<void> {
  const pictures: Picture[] = [];
  for (const [colour, outcome] of [["green", "admit"], ["yellow", "check"], ["red", "refuse"]] as const) {
    const person = await verified({ health_code: colour, vaccination: "complete", vaccination_doses: 3 });
    await until(
      () => person.get("/v1/me/pass"),
      (seen) => seen.background === colour,
    );
    const visitor = await chromium.phone({ person });
    await visitor.open();
    await visitor.page.getByRole("img", { name: person.name[0] }).waitFor();
    await chromium.camera.shows(await visitor.page.screenshot(), 0.8);
    await visitor.close();
    const guard = await opened(chromium, cast, PAGES.find(([name]) => name === "guard-scan")!, { reducedMotion: true, filmed: true });
    await guard.by("heading", text(`guard.glance_${outcome}`)).waitFor(DECIDED);
    pictures.push({ name: "", png: await guard.page.screenshot() });
    await guard.close();
  }
  await write(chromium, join("images", "screens"), pictures, 3);
}

/** What visitors and guards see of each outcome. */
async function outcomes(chromium: Chromium, cast: Cast): Promise<void> {
  const pictures: Picture[] = [];
  const show = async (person: Person, scanId: string, name: string) => {
    const phone = await chromium.phone({ person, reducedMotion: true });
    await phone.open(`pages/result/result?scan=${encodeURIComponent(scanId)}`);
    await phone.page.getByRole("heading", { level: 2 }).first().waitFor();
    await phone.page.waitForTimeout(500);
    pictures.push({ name: `${name}, visitor`, png: await phone.page.screenshot() });
    if (name !== "pending") {
      await phone.press(text("visitor.show_staff"));
      await phone.by("heading", text(`guard.glance_${name}`)).waitFor();
      pictures.push({ name: `${name}, shown to staff`, png: await phone.page.screenshot() });
    }
    await phone.close();
  };
  const scanned = (person: Person) => person.post("/v1/scans", { nonce: uuid7(), code: cast.venue.code_url });
  for (const [colour, outcome] of [["green", "admit"], ["yellow", "check"], ["red", "refuse"]] as const) {
    const person = await verified({ health_code: colour, vaccination: "complete", vaccination_doses: 3 });
    const first = await scanned(person);
    await until(
      () => person.get(`/v1/scans/${first.scan_id}`),
      (screen) => screen.poll_after_ms === null,
    );
    await show(person, first.scan_id, outcome);
  }
  const waiting = await verified();
  await withFault("health_code", "hang", async () => show(waiting, (await scanned(waiting)).scan_id, "pending"));
  await write(chromium, join("gallery", "outcomes"), pictures, COLUMNS);
  const home = await opened(chromium, cast, PAGES.find(([name]) => name === "home")!, { reducedMotion: true });
  const workbench = await opened(chromium, cast, PAGES.find(([name]) => name === "workbench")!, { reducedMotion: true });
  const first = [
    { name: "", png: await home.page.screenshot() },
    { name: "", png: pictures[0]!.png },
    { name: "", png: pictures[5]!.png },
    { name: "", png: await workbench.page.screenshot() },
  ];
  await write(chromium, join("images", "client"), first, 4);
}

/** Put pictures side by side into one WebP file, each with its name above it. */
async function write(chromium: Chromium, file: string, pictures: Picture[], columns: number): Promise<void> {
  const page = await chromium.browser.newPage();
  const drawn = await page.evaluate(
    async ({ sources, names, width, columns }) => {
      const images = await Promise.all(
        sources.map(async (source) => {
          const image = new Image();
          image.src = `data:image/png;base64,${source}`;
          await image.decode();
          return image;
        }),
      );
      const height = Math.max(...images.map((image) => (image.naturalHeight / image.naturalWidth) * width));
      const named = names.some(Boolean) ? 22 : 0;
      const [gap, across, down] = [12, Math.min(columns, images.length), Math.ceil(images.length / columns)];
      const canvas = document.createElement("canvas");
      canvas.width = across * (width + gap) + gap;
      canvas.height = Math.round(down * (height + gap + named) + gap);
      const context = canvas.getContext("2d")!;
      context.fillStyle = "#8a949b";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.imageSmoothingQuality = "high";
      context.font = "600 15px sans-serif";
      images.forEach((image, index) => {
        const x = gap + (index % columns) * (width + gap);
        const y = gap + Math.floor(index / columns) * (height + gap + named);
        context.fillStyle = "#10181c";
        context.fillText(names[index]!, x, y + 15);
        context.drawImage(image, x, y + named, width, (image.naturalHeight / image.naturalWidth) * width);
      });
      return canvas.toDataURL("image/webp", 0.8);
    },
    { sources: pictures.map(({ png }) => png.toString("base64")), names: pictures.map(({ name }) => name), width: WIDTH, columns },
  );
  await page.close();
  writeFileSync(join(DOCS, `${file}.webp`), Buffer.from(drawn.split(",")[1]!, "base64"));
}

await main();
