/** A phone's browser: Debian's Chromium without a window, its camera, and what it requests. */

import { readFileSync } from "node:fs";
import { chromium, type Browser, type BrowserContext, type Locator, type Page, type Request } from "playwright-core";
import { Camera } from "./camera";
import { APP, until } from "./deployment";
import type { Person } from "./people";
import type { Language } from "./texts";

export interface PhoneOptions {
  language?: Language;
  width?: number;
  height?: number;
  dark?: boolean;
  reducedMotion?: boolean;
  /** By how many milliseconds the phone's clock is ahead. */
  aheadMs?: number;
  /** Without the right to use the camera. */
  cameraDenied?: boolean;
  /** Factor of text, as chosen in "My". */
  scale?: 1 | 1.3 | 1.6 | 2;
  /** Who is logged in already. */
  person?: Person;
  /** What else the phone keeps already, by the client's own keys. */
  keep?: Record<string, unknown>;
}

/** Chromium with a camera; `close` it at the end. */
export class Chromium {
  private constructor(
    readonly browser: Browser,
    readonly camera: Camera,
  ) {}

  static async launch(): Promise<Chromium> {
    let browser: Browser;
    const camera = new Camera(() => browser);
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox", // The tests may run as root, in a container.
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-video-capture=${camera.film}`,
      ],
    });
    await camera.showsNothing();
    return new Chromium(browser, camera);
  }

  /** Return a new phone with an empty store. */
  async phone(options: PhoneOptions = {}): Promise<Phone> {
    const context = await this.browser.newContext({
      locale: { "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", en: "en" }[options.language ?? "zh-Hans"],
      viewport: { width: options.width ?? 390, height: options.height ?? 844 },
      deviceScaleFactor: 2,
      hasTouch: true,
      isMobile: true,
      colorScheme: options.dark ? "dark" : "light",
      reducedMotion: options.reducedMotion ? "reduce" : "no-preference",
      permissions: options.cameraDenied ? [] : ["camera", "clipboard-write"],
      acceptDownloads: true,
    });
    if (options.aheadMs) await context.addInitScript(turnClock, options.aheadMs);
    const kept: Record<string, unknown> = { ...options.keep };
    if (options.scale) kept.settings = { language: options.language ?? "zh-Hans", scale: options.scale };
    const session = options.person?.session;
    if (session) kept.login = { access: session.access_token, refresh: session.refresh_token, personId: session.person_id };
    const origin = new URL(APP).origin;
    if (Object.keys(kept).length) await keep(context, origin, kept);
    const page = await context.newPage();
    return new Phone(context, page);
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.camera.remove();
  }
}

/** One person's phone. `page` is what they see. */
export class Phone {
  /** What the page requested, in order. */
  readonly requests: Request[] = [];
  /** What the browser or the page complained of. */
  readonly complaints: string[] = [];
  /** What has not come yet. */
  private readonly asked = new Set<Request>();

  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.setDefaultTimeout(15_000);
    page.on("request", (request) => {
      this.requests.push(request);
      this.asked.add(request);
    });
    for (const end of ["requestfinished", "requestfailed"] as const) page.on(end as "requestfinished", (request) => this.asked.delete(request));
    page.on("pageerror", (error) => this.complaints.push(`${error.stack ?? error}`));
    page.on("console", (message) => {
      const said = message.text();
      // What a test makes fail on purpose, and a phone that may not vibrate before its first tap.
      if (message.type() === "error" && said && !/Failed to load resource|navigator\.vibrate/.test(said)) this.complaints.push(said);
    });
  }

  /** Open a page of the client by its path, such as `pages/login/index`. */
  async open(path = ""): Promise<void> {
    await this.page.goto(APP + (path && `#/${path}`));
  }

  /** Wait until this page is in front. The first page has no path of its own. */
  async arrives(path: string): Promise<void> {
    const own = path === "pages/home/home" ? /#\/(\?|$|pages\/home\/home)/ : new RegExp(`#/${path}(\\?|$)`);
    await this.page.waitForURL(own);
  }

  /**
   * Wait until the page has all that it asks for, and has drawn it.
   *
   * Not by `networkidle`: it is reached for good once nothing is asked for half a second, be it before a page's own script ran.
   */
  async settles(): Promise<void> {
    do {
      await until(async () => [...this.asked].map((request) => request.url()), (urls) => urls.length === 0);
      await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    } while (this.asked.size > 0);
  }

  /** Hold the requests to a URL; return what lets them go. */
  async holds(url: string): Promise<() => void> {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await this.page.route(url, async (route) => {
      await held;
      await route.continue();
    });
    return release;
  }

  /** Return whether a script whose name starts so is on the phone: it runs without a network, too. */
  keeps(script: string): boolean {
    return this.requests.some((one) => one.url().includes(`/${script}`) && !this.asked.has(one) && one.failure() === null);
  }

  /** Return a control or another part of the page in front, by its role and name. */
  by(role: Parameters<Page["getByRole"]>[0], name: string | RegExp): Locator {
    return this.page.getByRole(role, { name, exact: typeof name === "string" });
  }

  press(name: string | RegExp): Promise<void> {
    return this.by("button", name).click();
  }

  type(label: string, value: string): Promise<void> {
    return this.page.getByLabel(label, { exact: true }).fill(value);
  }

  /** Choose an option of a group of radio buttons, by their names. */
  pick(group: string, option: string): Promise<void> {
    return this.by("radiogroup", group).getByText(option, { exact: true }).click();
  }

  /** Press a button that saves a file; return the file. */
  async saves(button: string): Promise<{ name: string; bytes: Buffer; url: string }> {
    const [file] = await Promise.all([this.page.waitForEvent("download"), this.press(button)]);
    return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()), url: file.url() };
  }

  /** Return the URLs that belong neither to the deployment's own host nor, signed by the API, to its bucket. */
  strangers(): string[] {
    const own = new URL(APP).origin;
    const urls = this.requests.map((request) => request.url());
    return urls.filter((url) => /^(https?|wss?):/.test(url) && new URL(url).origin !== own && !/[?&]X-Amz-Signature=/.test(url));
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

/** Put values into the client's storage, as it keeps them itself; the page may change them afterwards. */
async function keep(context: BrowserContext, origin: string, values: Record<string, unknown>): Promise<void> {
  const page = await context.newPage();
  await page.route("**", (route) => route.fulfill({ body: "", contentType: "text/html" }));
  await page.goto(origin);
  await page.evaluate((entries) => {
    for (const [key, value] of Object.entries(entries)) {
      localStorage.setItem(`vc.${key}`, JSON.stringify({ type: "string", data: JSON.stringify(value) }));
    }
  }, values);
  await page.close();
}

/** Runs in the page before its own scripts: set its clock ahead by so many milliseconds. */
function turnClock(ahead: number): void {
  const Real = Date;
  const now = () => Real.now() + ahead;
  globalThis.Date = new Proxy(Real, {
    construct: (target, given: []) => (given.length ? new target(...given) : new target(now())),
    get: (target, name, receiver) => (name === "now" ? now : Reflect.get(target, name, receiver)),
  });
}
