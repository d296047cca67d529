/** States of pages for everybody (GO-13): open sheets, outcomes, errors, nothing yet, no network. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Chromium, type Phone, type PhoneOptions } from "./browser";
import { brokenWords, cutBySpacing, keyboard, listen, moving, nameAndLanguage, notModal, partedWords, saidTwice, sideways, smallTargets, violations } from "./checks";
import { APP, until } from "./deployment";
import { makeCast, type Cast } from "./pages";
import { CROWDED, FIELDS, STATES, sayer, type State } from "./states";
import { text, type Language } from "./texts";

let chromium: Chromium;
let cast: Cast;
/** One phone for each person and look: a new one for each state would take twice as long. */
const phones = new Map<string, Phone>();
const errorsOf = new Map<Phone, number>();

beforeAll(async () => {
  chromium = await Chromium.launch();
  cast = await makeCast();
});
// What a first try has left on the phones, such as a scan that waits, is nothing to the second.
beforeEach(async ({ task }) => {
  if (!task.result?.retryCount) return;
  for (const phone of phones.values()) await phone.close();
  phones.clear();
});
afterAll(() => chromium.close());

const PLAIN: PhoneOptions = { language: "zh-Hans" };
const NARROW: PhoneOptions = { width: 320, height: 640, scale: 2 };
const LARGE: PhoneOptions = { ...NARROW, language: "en", reducedMotion: true };

async function phoneFor(state: State, look: PhoneOptions): Promise<Phone> {
  const key = `${state.who} ${look.scale ?? 1} ${look.language} ${Boolean(state.noCamera)}`;
  const known = phones.get(key);
  if (known) {
    await known.page.unrouteAll({ behavior: "ignoreErrors" });
    await known.context.setOffline(false);
    await known.page.emulateMedia({ colorScheme: "light" });
    return known;
  }
  const person = state.who === null ? undefined : cast[state.who];
  const place = { id: cast.venue.venue_id, name: cast.venue.name };
  const phone = await chromium.phone({ ...look, person, cameraDenied: state.noCamera, keep: { [`guard.${person?.session?.person_id}`]: place } });
  await listen(phone.page);
  phones.set(key, phone);
  return phone;
}

/** Bring a phone to a state. */
async function brought(state: State, look: PhoneOptions): Promise<Phone> {
  const phone = await phoneFor(state, look);
  errorsOf.set(phone, phone.complaints.length);
  await phone.page.goto("about:blank");
  await state.before?.(phone, cast);
  await phone.page.goto(APP + (state.address(cast) && `#/${state.address(cast)}`));
  // By its tag: to roles, the title below a dialog is hidden.
  await phone.page.locator(".vc:not(.coming) h1:visible").first().waitFor();
  await state.enter?.(phone, sayer(look.language!), chromium);
  if (state.dialog) await inFront(phone);
  return phone;
}

/** Wait until a dialog is there and has the focus, which it takes once it is drawn. */
async function inFront(phone: Phone): Promise<void> {
  await phone.page.getByRole("dialog").waitFor();
  await phone.page
    .waitForFunction(() => document.activeElement?.closest("[role=dialog]"))
    .catch(async () => expect.fail(`the focus is on ${await focused(phone)}`));
}

function listed(found: Record<string, string[]>): string {
  return Object.entries(found)
    .flatMap(([check, lines]) => lines.map((line) => `${check}: ${line}`))
    .join("\n");
}

const focused = (phone: Phone): Promise<string> => phone.page.evaluate(() => document.activeElement?.outerHTML.slice(0, 120) ?? "");

describe.each(STATES.map((state) => [state.name, state] as const))("%s", (_, state) => {
  it("has no violation, light and dark; sheets take the focus and give it back", async () => {
    const phone = await brought(state, PLAIN);
    const { page } = phone;
    const open = state.dialog ? await notModal(page) : [];
    const found: Record<string, string[]> = {
      open,
      violations: await violations(page),
      small: await smallTargets(page),
      sideways: await sideways(page),
      spacing: await cutBySpacing(page),
      named: await nameAndLanguage(page, "zh-Hans"),
      twice: await saidTwice(page),
    };
    await page.emulateMedia({ colorScheme: "dark" });
    found.dark = await violations(page, ["color-contrast"]);
    if (state.dialog) {
      found.keyboard = await keyboard(page);
      // A question asked over a sheet leads back to the sheet.
      await page.keyboard.press("Escape");
      await page.evaluate(() => new Promise(requestAnimationFrame));
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").first().waitFor({ state: "hidden" }).catch(() => found.open!.push("Escape does not close it"));
      const back = (): Promise<boolean> => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.opener !== undefined);
      if (!(await until(back, Boolean).catch(() => false))) found.open!.push(`the focus does not come back, it is on ${await focused(phone)}`);
      const left = await page.locator("[inert], .vc > [aria-hidden=true]").count();
      if (left > 0) found.open!.push("the page stays out of reach");
    }
    found.complaints = phone.complaints.slice(errorsOf.get(phone));
    expect(listed(found)).toBe("");
  });
});

describe.each(CROWDED.map((state) => [state.name, state] as const))("%s", (_, state) => {
  it("at 320 px and 200 % text in English: nothing sideways, nothing broken, nothing moves", async () => {
    const phone = await brought(state, LARGE);
    const { page } = phone;
    const found = {
      sideways: await sideways(page),
      small: await smallTargets(page),
      broken: await brokenWords(page),
      spacing: await cutBySpacing(page),
      moving: await moving(page),
      named: await nameAndLanguage(page, "en"),
      violations: await violations(page, ["color-contrast", "scrollable-region-focusable", "target-size", "aria-hidden-focus"]),
    };
    expect(listed(found)).toBe("");
  });

  it("at 320 px and 200 % text in Chinese: no word of a title, a button or an outcome broken, nothing sideways", async () => {
    const { page } = await brought(state, { ...NARROW, language: "zh-Hans" });
    expect(listed({ parted: await partedWords(page), sideways: await sideways(page) })).toBe("");
  });
});

describe.each(FIELDS.map((state) => [state.name, state] as const))("%s", (_, state) => {
  it("puts the focus where the error is read", async () => {
    const phone = await brought(state, PLAIN);
    await phone.page
      .waitForFunction(() => document.activeElement?.matches("[aria-invalid=true], [role=alert], #ap-errors"))
      .catch(async () => expect.fail(`the focus is on ${await focused(phone)}`));
  });
});

describe("the login that comes over a page", () => {
  it("takes the focus, keeps the page below out of reach, and takes what is typed wrong", async () => {
    const ended: State = { name: "", who: null, address: () => "pages/my/my" };
    const session = { access: "ended", refresh: "ended", personId: cast.visitor.session!.person_id };
    const phone = await chromium.phone({ ...PLAIN, keep: { login: session } });
    await listen(phone.page);
    await phone.open(ended.address(cast));
    await inFront(phone);
    const found: Record<string, string[]> = { open: await notModal(phone.page), violations: await violations(phone.page), small: await smallTargets(phone.page), keyboard: await keyboard(phone.page), twice: await saidTwice(phone.page) };
    await phone.type(text("login.phone"), "12");
    await phone.press(text("login.send_code"));
    await phone.page.locator("[aria-invalid=true]").waitFor();
    found.wrong = await violations(phone.page);
    await phone.page.keyboard.press("Escape");
    await phone.arrives("pages/login/login");
    await phone.close();
    expect(listed(found)).toBe("");
  });

  it("comes over the page in front, too, when others lie below it", async () => {
    const phone = await chromium.phone({ ...PLAIN, person: cast.visitor });
    await phone.open("pages/my/my");
    await phone.by("heading", cast.visitor.name).or(phone.page.locator("h2.lead")).first().waitFor();
    await phone.page.route("**/v1/**", (route) => route.fulfill({ status: 401, headers: { "content-type": "application/problem+json" }, body: JSON.stringify({ type: "about:blank", title: "", status: 401, code: "login_needed", detail: "请登录。" }) }));
    await phone.page.getByRole("button", { name: text("own.visits") }).click();
    await phone.arrives("pages/visits/visits");
    await inFront(phone);
    expect(listed({ open: await notModal(phone.page) })).toBe("");
    await phone.close();
  });
});

it.each(["family", "shown to the staff, admit"])("keeps Tab in what lies over the page where the browser does not know `inert`: %s", async (name) => {
  const state = STATES.find((one) => one.name === name)!;
  const phone = await chromium.phone({ ...PLAIN, person: cast.visitor });
  await phone.page.addInitScript(() => {
    const set = Element.prototype.setAttribute;
    Element.prototype.setAttribute = function (attribute, value) {
      if (attribute !== "inert") set.call(this, attribute, value);
    };
  });
  await phone.open(state.address(cast));
  await state.enter!(phone, sayer("zh-Hans"), chromium);
  await inFront(phone);
  const dialog = phone.page.getByRole("dialog");
  expect(await phone.page.locator("[inert]").count()).toBe(0);
  const controls = await dialog.locator("button, input").count();
  const reached = new Set<string>();
  for (const key of ["Tab", "Shift+Tab"]) {
    for (let step = 0; step < 2 * controls + 2; step++) {
      await phone.page.keyboard.press(key);
      const at = await phone.page.evaluate(() => {
        const element = document.activeElement!;
        // Past the last control the browser's own bars have the focus.
        return element.closest("[role=dialog]") || element === document.body ? element.outerHTML.slice(0, 80) : `outside: ${element.outerHTML.slice(0, 80)}`;
      });
      expect(at).not.toContain("outside");
      reached.add(at);
    }
  }
  expect(reached.size).toBeGreaterThan(1);
  await phone.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await expect.poll(() => focused(phone)).toContain("data-opener");
  await phone.close();
});

describe("what a phone asks for", () => {
  it("says another language at once: the page's name, its language, and the focus stays", async () => {
    const phone = await chromium.phone({ ...PLAIN, person: cast.visitor });
    await phone.open("pages/my/my");
    const choice = phone.page.locator("#my-language");
    for (const language of ["en", "zh-Hant"] as Language[]) {
      await choice.focus();
      await choice.selectOption(language);
      await phone.by("heading", text("own.app", {}, language)).waitFor();
      expect(await nameAndLanguage(phone.page, language)).toEqual([]);
      expect(await focused(phone)).toContain("my-language");
    }
    await phone.close();
  });

  it.each([
    ["home", ""],
    ["result", "pages/result/result?scan="],
    ["my", "pages/my/my"],
  ])("gives more contrast to whom wants it: %s", async (_, address) => {
    const phone = await chromium.phone({ ...PLAIN, person: cast.visitor });
    await phone.page.emulateMedia({ contrast: "more" });
    await phone.open(address.endsWith("=") ? address + encodeURIComponent(cast.scanId) : address);
    await phone.page.getByRole("heading", { level: 2 }).first().waitFor();
    const found: Record<string, string[]> = { light: await violations(phone.page, ["color-contrast-enhanced"]) };
    await phone.page.emulateMedia({ contrast: "more", colorScheme: "dark" });
    found.dark = await violations(phone.page, ["color-contrast-enhanced"]);
    await phone.close();
    // The outcome's own colours are what staff compare, and stay.
    expect(listed(found).split("\n").filter((line) => !/pass-|out-|min"|class="demo/.test(line)).join("\n")).toBe("");
  });

  it("keeps the code dark on white, and shapes to be seen, where colours are forced", async () => {
    const phone = await chromium.phone({ ...PLAIN, person: cast.visitor });
    await phone.page.emulateMedia({ forcedColors: "active", colorScheme: "dark" });
    await phone.open();
    await phone.page.locator(".qr").waitFor();
    const shades = async (selector: string): Promise<[number, number]> => {
      const png = (await phone.page.locator(selector).first().screenshot()).toString("base64");
      return phone.page.evaluate(async (source) => {
        const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${source}`).catch(() => new Response(Uint8Array.from(atob(source), (one) => one.charCodeAt(0))))).blob());
        const context = new OffscreenCanvas(image.width, image.height).getContext("2d")!;
        context.drawImage(image, 0, 0);
        const { data } = context.getImageData(0, 0, image.width, image.height);
        let [least, most] = [255, 0];
        for (let at = 0; at < data.length; at += 4) [least, most] = [Math.min(least, data[at + 1]!), Math.max(most, data[at + 1]!)];
        const edge = data[(Math.floor(image.height / 2) * image.width + 6) * 4 + 1]!;
        return [edge, most - least] as [number, number];
      }, png);
    };
    const [ground, range] = await shades(".qr");
    expect(ground).toBeGreaterThan(240);
    expect(range).toBeGreaterThan(150);
    expect((await shades(".pass-head .icon"))[1]).toBeGreaterThan(150);
    await phone.close();
  });

  it("tells outcomes apart by their word and their shape, not by colour alone", async () => {
    const looks: string[] = [];
    for (const name of ["admit", "hollow", "check", "refuse"]) {
      const phone = await brought(STATES.find((state) => state.name === `shown to the staff, ${name}`)!, PLAIN);
      looks.push(await phone.page.locator(".glance .glance-shape").evaluate((shape) => (shape as HTMLElement).style.webkitMaskImage));
      expect(await phone.page.locator(".glance-word").innerText()).not.toBe("");
    }
    expect(new Set(looks).size).toBe(looks.length);
  });
});
