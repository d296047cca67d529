/**
 * A mini-program without its platform: runs a build of `uni build -p mp-weixin` or `mp-alipay`.
 *
 * It does what a phone does with the files of a build: it runs `app.js` and the pages in a context of their own, which
 * has none of a browser's globals; reads the templates (WXML, AXML); makes a component for each of their tags; draws
 * again after `setData`; and hands taps and typed texts to the handlers that the templates name. The platform's calls
 * (`wx`, `my`) are written here by hand, and recorded. Lifecycles: "Component 构造器" and "组件生命周期" of WeChat's
 * framework documents; "组件生命周期" (component2) of Alipay's.
 */

import { readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import vm from "node:vm";
import { calls } from "./typings";

export type Platform = "mp-weixin" | "mp-alipay";
export interface Requested {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: any;
}
export interface Answered {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** One tag as it is drawn. `owner` is the component whose template holds it. */
export interface Tag {
  name: string;
  attributes: Record<string, unknown>;
  owner: Instance;
  parent: Tag | null;
  inside: Drawn[];
  component: Instance | null;
}
type Drawn = Tag | string;

/** A text, or a tag with what is seen inside it: `<slot>` is what was put there, a component its own tags. */
export type Seen = string | { tag: Tag; inside: Seen[] };

/** A tag as the template says it. */
interface Written {
  name: string;
  attributes: Record<string, string>;
  inside: (Written | string)[];
}

interface Kind {
  /** Where its files are, without their endings. */
  path: string;
  /** What its JSON says. */
  settings: { component?: boolean; styleIsolation?: string };
  options: any;
  template: Written[];
  components: Record<string, string>;
}

/** A page or component. `scope` is what its own code calls `this`. */
interface Instance {
  kind: Kind;
  scope: any;
  host: Tag | null;
  drawn: Drawn[];
  children: Map<string, Instance>;
  /** While it is being attached: what to do once it is. */
  attaching: (() => void)[] | null;
}

/** Answers one request of the mini-program. */
export type Server = (request: Requested) => Answered | Promise<Answered>;

export class MiniProgram {
  readonly requests: Requested[] = [];
  /** Every other call of the platform, by its name. */
  readonly calls: { name: string; options: any }[] = [];
  readonly storage = new Map<string, string>();
  readonly errors: string[] = [];
  /** What the next call of the platform's name answers; a function gets the options. */
  readonly answers: Record<string, any> = {};
  private readonly pages: Instance[] = [];
  private readonly modules = new Map<string, { exports: any }>();
  private readonly running: string[] = [];
  private readonly kinds = new Map<string, any>();
  private readonly context: vm.Context;
  private readonly timers = new Set<NodeJS.Timeout>();
  private app: any = null;
  private mounted: Instance[] = [];
  private drawing = 0;

  constructor(
    private readonly folder: string,
    readonly platform: Platform,
    private readonly server: Server,
  ) {
    const taken = (options: any) => this.kinds.set(this.running[this.running.length - 1]!, options);
    const globals: Record<string, unknown> = {
      App: (options: any) => {
        this.app = options;
      },
      Page: taken,
      Component: taken,
      Behavior: (options: any) => options,
      getApp: () => this.app,
      getCurrentPages: () => this.pages.map((page) => page.scope),
      console: { ...console, error: (...said: unknown[]) => this.errors.push(said.map(String).join(" ")) },
      global: {},
      ...this.clock(),
      [this.wx ? "wx" : "my"]: this.calling(),
    };
    this.context = vm.createContext(globals);
  }

  /** Start the program, and open the page of `path`. Returns once nothing more is being drawn. */
  async launch(path: string, query: Record<string, string> = {}): Promise<void> {
    this.load("app.js");
    this.app.onLaunch?.({ path, query, scene: 1001 });
    this.app.onShow?.({ path, query, scene: 1001 });
    this.open(path, query);
    await this.quiet();
  }

  /** Close all pages and open this one, as a platform does for another code. */
  async restart(path: string): Promise<void> {
    this.close(this.pages.length);
    this.open(path, {});
    await this.quiet();
  }

  /** Return what a call of the platform was given, each time; its names are WeChat's or Alipay's. */
  asked(...names: string[]): any[] {
    return this.calls.filter(({ name }) => names.includes(name)).map(({ options }) => options);
  }

  end(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  /** The address of the page in front. */
  get path(): string {
    return this.front.scope.route;
  }

  get query(): Record<string, string> {
    return this.front.scope.options ?? {};
  }

  /** Everything that the page in front shows as text. */
  get text(): string {
    return words(this.seen).join(" ");
  }

  /** What is seen of the page in front. */
  get seen(): Seen[] {
    return seen(this.front.drawn);
  }

  /** Return the tags of the page in front, outer ones first. */
  tags(): Tag[] {
    return [...walk(this.seen)];
  }

  /** Return the button with this text or name for screen readers. */
  button(name: string): Tag {
    const buttons = this.tags().filter((tag) => tag.name === "button");
    const found = buttons.find((tag) => said(tag) === name);
    if (!found)
      throw new Error(`no button ${name} among ${buttons.map(said).join(" | ")}; errors: ${this.errors.join("; ")}`);
    return found;
  }

  /**
   * Tap a button; a disabled one does nothing, as on a phone. At one for the phone number the platform asks the
   * person, who allows it unless `answers.phoneNumber` is an error. Alipay knows such a button only by its template.
   */
  async tap(name: string | Tag): Promise<void> {
    const tag = typeof name === "string" ? this.button(name) : name;
    if (tag.attributes.disabled === true) return;
    await this.fire(tag, "tap", {});
    const { "open-type": kind, scope } = tag.attributes;
    const answer = this.answers.phoneNumber;
    if (this.wx && kind === "getPhoneNumber") {
      const denied = { errMsg: "getPhoneNumber:fail user deny" };
      await this.fire(tag, "getphonenumber", answer instanceof Error ? denied : { errMsg: "getPhoneNumber:ok", ...answer });
    } else if (!this.wx && kind === "getAuthorize" && scope === "phoneNumber") {
      await this.fire(tag, answer instanceof Error ? "error" : "getAuthorize", {});
    }
  }

  /** Type a text into the field with this name for screen readers. */
  async type(name: string, value: string): Promise<void> {
    const field = this.tags().find((tag) => tag.name === "input" && tag.attributes["aria-label"] === name);
    if (!field) throw new Error(`no field ${name}: ${this.text}`);
    await this.fire(field, "input", { value });
    await this.fire(field, "blur", { value });
  }

  /** Hand an event to the handlers of a tag and of those around it. */
  async fire(tag: Tag, type: string, detail: unknown): Promise<void> {
    for (let at: Tag | null = tag; at; at = at.parent ?? at.owner.host) this.handle(at, type, detail);
    await this.quiet();
  }

  /** Return once promises and short timers have run, and every request has its answer. */
  async quiet(): Promise<void> {
    for (let round = 0; round < 12; round++) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  // --- Files

  private get wx(): boolean {
    return this.platform === "mp-weixin";
  }

  private load(path: string): any {
    const known = this.modules.get(path);
    if (known) return known.exports;
    const module = { exports: {} as any };
    this.modules.set(path, module);
    const source = readFileSync(join(this.folder, path), "utf-8");
    const run = vm.runInContext(`(function (require, module, exports) {${source}\n})`, this.context, {
      filename: path,
    });
    this.running.push(path);
    run((other: string) => this.load(posix.join(posix.dirname(path), other)), module, module.exports);
    this.running.pop();
    return module.exports;
  }

  private kind(path: string): Kind {
    this.load(`${path}.js`);
    const settings = JSON.parse(readFileSync(join(this.folder, `${path}.json`), "utf-8"));
    const used: Record<string, string> = {};
    for (const [name, place] of Object.entries<string>(settings.usingComponents ?? {})) {
      used[name] = place.startsWith("/") ? place.slice(1) : posix.join(dirname(path), place);
    }
    const template = readFileSync(join(this.folder, path + (this.wx ? ".wxml" : ".axml")), "utf-8");
    return { path, settings, options: this.kinds.get(`${path}.js`), template: parsed(template), components: used };
  }

  // --- Pages and components

  private get front(): Instance {
    const page = this.pages[this.pages.length - 1];
    if (!page) throw new Error("no page is open");
    return page;
  }

  private open(path: string, query: Record<string, string>): void {
    const page = this.made(this.kind(path), null, {});
    page.scope.route = page.scope.is = path;
    page.scope.__route__ = path;
    this.pages.push(page);
    this.begin(page);
    page.scope.onLoad?.(query);
    page.scope.onShow?.();
    if (!this.wx) this.draw(page);
    page.scope.onReady?.();
  }

  private close(count: number, shows = true): void {
    for (const page of this.pages.splice(this.pages.length - count)) {
      page.scope.onUnload?.();
      this.gone(page);
    }
    if (shows && this.pages.length) this.front.scope.onShow?.();
  }

  private made(kind: Kind, host: Tag | null, given: Record<string, unknown>): Instance {
    const { options } = kind;
    const instance: Instance = { kind, scope: null, host, drawn: [], children: new Map(), attaching: null };
    const scope: any = { ...options.methods, setData: (...sent: [any, any]) => this.set(instance, ...sent) };
    instance.scope = scope;
    if (this.wx) {
      const properties = options.properties ?? {};
      scope.data = { ...options.data };
      for (const [name, property] of Object.entries<any>(properties)) scope.data[name] = property?.value ?? null;
      Object.assign(scope.data, given);
      scope.properties = scope.data;
      scope.triggerEvent = (type: string, detail: unknown) => {
        if (instance.host) this.handle(instance.host, type, detail);
      };
      scope.selectAllComponents = () => [];
      scope.selectComponent = () => null;
    } else {
      for (const [name, part] of Object.entries(options)) if (typeof part === "function") scope[name] ??= part;
      scope.data = { ...options.data };
      scope.props = { ...options.props, ...given };
    }
    return instance;
  }

  private begin(instance: Instance): void {
    const { kind, scope } = instance;
    if (this.wx) {
      kind.options.created?.call(scope);
      kind.options.lifetimes?.created?.call(scope);
      const waiting: (() => void)[] = (instance.attaching = []);
      kind.options.lifetimes?.attached?.call(scope);
      instance.attaching = null;
      this.mounted.push(instance);
      this.draw(instance);
      for (const work of waiting) work();
    } else if (instance.host) {
      kind.options.onInit?.call(scope);
      kind.options.deriveDataFromProps?.call(scope, scope.props);
      this.mounted.push(instance);
      this.draw(instance);
    }
  }

  private gone(instance: Instance): void {
    for (const child of instance.children.values()) this.gone(child);
    if (this.wx) instance.kind.options.lifetimes?.detached?.call(instance.scope);
    else instance.kind.options.didUnmount?.call(instance.scope);
  }

  private set(instance: Instance, patch: Record<string, unknown>, done?: () => void): void {
    for (const [path, value] of Object.entries(patch)) place(instance.scope.data, path, copied(value));
    const draw = () => {
      this.draw(instance);
      done?.call(instance.scope);
    };
    // Alipay draws later; a component that is being attached has no children before that is done.
    if (!this.wx) setTimeout(draw);
    else if (instance.attaching) instance.attaching.push(() => done?.call(instance.scope));
    else draw();
  }

  /** Give a drawn component the properties of its tag. */
  private update(child: Instance, given: Record<string, unknown>): void {
    const { scope, kind } = child;
    const now = this.wx ? scope.data : scope.props;
    const changed = Object.entries(given).filter(
      ([name, value]) => JSON.stringify(now[name]) !== JSON.stringify(value),
    );
    if (!this.wx) {
      const next = { ...scope.props, ...given };
      if (changed.length) kind.options.deriveDataFromProps?.call(scope, next);
      scope.props = next;
      return;
    }
    for (const [name, value] of changed) {
      scope.data[name] = value;
      kind.options.properties?.[name]?.observer?.call(scope, value);
      kind.options.observers?.[name]?.call(scope, value);
    }
  }

  // --- Drawing

  private draw(instance: Instance): void {
    this.drawing++;
    const before = instance.children;
    instance.children = new Map();
    instance.drawn = this.inside(instance, instance.kind.template, instance.scope.data, null, "", before);
    for (const [key, child] of before) if (!instance.children.has(key)) this.gone(child);
    this.drawing--;
    if (this.drawing > 0) return;
    for (let next = this.mounted.shift(); next; next = this.mounted.shift()) {
      const { options } = next.kind;
      if (this.wx) options.lifetimes?.ready?.call(next.scope);
      else options.didMount?.call(next.scope);
    }
  }

  private inside(
    owner: Instance,
    written: (Written | string)[],
    data: any,
    parent: Tag | null,
    place: string,
    before: Map<string, Instance>,
  ): Drawn[] {
    const mark = this.wx ? "wx:" : "a:";
    const drawn: Drawn[] = [];
    let chosen = false;
    written.forEach((one, index) => {
      if (typeof one === "string") {
        const text = String(this.value(one, data) ?? "");
        if (text.trim()) drawn.push(text.trim());
        return;
      }
      const has = (name: string) => one.attributes[mark + name];
      if (has("if") !== undefined) {
        chosen = truth(this.value(has("if")!, data));
        if (!chosen) return;
      } else if (has("elif") !== undefined || has("else") !== undefined) {
        if (chosen) return;
        chosen = has("else") !== undefined || truth(this.value(has("elif")!, data));
        if (!chosen) return;
      }
      const here = `${place}/${index}`;
      const list = has("for");
      if (list === undefined) {
        drawn.push(...this.one(owner, one, data, parent, here, before));
        return;
      }
      const items = this.value(list, data) ?? [];
      const [item, at, key] = [has("for-item") ?? "item", has("for-index") ?? "index", has("key")];
      [...items].forEach((value: any, number: number) => {
        const name =
          key === "*this" ? String(value) : key && value?.[key] !== undefined ? String(value[key]) : String(number);
        const scope = { ...data, [item]: value, [at]: number };
        drawn.push(...this.one(owner, one, scope, parent, `${here}[${name}]`, before));
      });
    });
    return drawn;
  }

  private one(
    owner: Instance,
    written: Written,
    data: any,
    parent: Tag | null,
    place: string,
    before: Map<string, Instance>,
  ): Drawn[] {
    if (written.name === "block") return this.inside(owner, written.inside, data, parent, place, before);
    const attributes: Record<string, unknown> = {};
    for (const [name, text] of Object.entries(written.attributes)) {
      if (!/^(wx|a):/.test(name)) attributes[name] = this.value(text, data);
    }
    const tag: Tag = { name: written.name, attributes, owner, parent, inside: [], component: null };
    const used = owner.kind.components[written.name];
    if (used !== undefined) {
      const given = this.given(owner, attributes);
      let child = before.get(place) ?? owner.children.get(place);
      if (child) {
        child.host = tag;
        owner.children.set(place, child);
        this.update(child, given);
      } else {
        child = this.made(this.kind(used), tag, given);
        owner.children.set(place, child);
        this.begin(child);
      }
      tag.component = child;
    }
    tag.inside = this.inside(owner, written.inside, data, tag, place, before);
    return [tag];
  }

  /** Return a component's properties from its tag: `u-p` is `uP`. Alipay hands over functions, too. */
  private given(owner: Instance, attributes: Record<string, unknown>): Record<string, unknown> {
    const given: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(attributes)) {
      if (this.wx && name.startsWith("bind")) continue;
      const property = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      if (this.wx || !/^on[A-Z]/.test(name)) given[property] = copied(value);
      else given[property] = (event: unknown) => owner.scope[value as string](event);
    }
    return given;
  }

  private handle(tag: Tag, type: string, detail: unknown): void {
    const names = this.wx
      ? [`bind${type}`, `bind:${type}`, `catch${type}`]
      : [`on${type[0]!.toUpperCase()}${type.slice(1)}`, `catch${type[0]!.toUpperCase()}${type.slice(1)}`];
    const handler = names.map((name) => tag.attributes[name]).find((name) => typeof name === "string" && name);
    if (handler === undefined) return;
    const dataset = Object.fromEntries(
      Object.entries(tag.attributes)
        .filter(([name]) => name.startsWith("data-"))
        .map(([name, value]) => [name.slice(5).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()), value]),
    );
    const target = { dataset, id: tag.attributes.id ?? "" };
    tag.owner.scope[handler as string]?.({ type, detail, target, currentTarget: target });
  }

  private value(text: string, data: any): any {
    const whole = /^\{\{([\s\S]*)\}\}$/.exec(text);
    if (whole && !whole[1]!.includes("{{")) return this.expression(whole[1]!, data);
    return text.replace(/\{\{([\s\S]*?)\}\}/g, (_, inner: string) => String(this.expression(inner, data) ?? ""));
  }

  private expression(source: string, data: any): any {
    const scope = new Proxy(data, {
      has: (_, name) => typeof name === "string",
      get: (target, name) => target[name as string],
    });
    return vm.runInContext(`(function ($) { with ($) { return (${source}) } })`, this.context)(scope);
  }

  // --- The platform

  private clock(): Record<string, unknown> {
    const kept = (timer: NodeJS.Timeout) => {
      this.timers.add(timer);
      return timer;
    };
    return {
      setTimeout: (work: () => void, ms?: number) => kept(setTimeout(work, ms)),
      setInterval: (work: () => void, ms?: number) => kept(setInterval(work, ms)),
      clearTimeout,
      clearInterval: clearTimeout,
    };
  }

  /** Return `wx` or `my`. It has what is written here, as far as the platform's own typings have it. */
  private calling(): any {
    const system = {
      platform: "android",
      language: "zh_CN",
      theme: "light",
      fontSizeSetting: 16,
      SDKVersion: "3.8.0",
      windowWidth: 390,
      windowHeight: 844,
      screenWidth: 390,
      screenHeight: 844,
      pixelRatio: 2,
      statusBarHeight: 24,
      safeArea: {},
      version: "8.0.50",
      model: "test",
      system: "Android 14",
      brand: "test",
    };
    const own: Record<string, any> = {
      canIUse: () => true,
      getSystemInfoSync: () => system,
      getWindowInfo: () => system,
      getDeviceInfo: () => system,
      getAppBaseInfo: () => system,
      getLaunchOptionsSync: () => ({ path: "", query: {}, scene: 1001 }),
      getEnterOptionsSync: () => ({ path: "", query: {}, scene: 1001 }),
      getMenuButtonBoundingClientRect: () => ({ width: 87, height: 32, left: 296, right: 383, top: 28, bottom: 60 }),
      request: (options: any) => void this.exchange(options),
    };
    own.getStorageInfoSync = () => ({ keys: [...this.storage.keys()], currentSize: 1, limitSize: 10_240 });
    if (this.wx) {
      own.getStorageSync = (key: string) => this.storage.get(key) ?? "";
      own.setStorageSync = (key: string, value: string) => this.storage.set(key, value);
      own.removeStorageSync = (key: string) => this.storage.delete(key);
    } else {
      own.getStorageSync = ({ key }: { key: string }) => ({ data: this.storage.get(key) ?? null });
      own.setStorageSync = ({ key, data }: { key: string; data: string }) => this.storage.set(key, data);
      own.removeStorageSync = ({ key }: { key: string }) => this.storage.delete(key);
    }
    const moves: Record<string, (options: any) => void> = {
      navigateTo: ({ url }) => {
        this.front.scope.onHide?.();
        this.open(...address(url));
      },
      redirectTo: ({ url }) => {
        this.close(1, false);
        this.open(...address(url));
      },
      reLaunch: ({ url }) => {
        this.close(this.pages.length);
        this.open(...address(url));
      },
      navigateBack: ({ delta }) => this.close(Math.min(delta ?? 1, this.pages.length - 1)),
    };
    const known = [
      "login",
      "scanCode",
      "scan",
      "getAuthCode",
      "getPhoneNumber",
      "getNetworkType",
      "vibrateShort",
      "vibrateLong",
      "setNavigationBarColor",
      "setKeepScreenOn",
      "setScreenBrightness",
      "getScreenBrightness",
      "setClipboardData",
      "setClipboard",
      "downloadFile",
      "saveImageToPhotosAlbum",
      "openDocument",
      "showShareImageMenu",
      "makePhoneCall",
      "getLocation",
      "openSetting",
      "pageScrollTo",
      "createInnerAudioContext",
      "setStorage",
    ];
    const heard = [
      "onAppShow",
      "onAppHide",
      "onThemeChange",
      "onNetworkStatusChange",
    ];
    // What a platform answers unless a test says otherwise.
    const usual: Record<string, object> = {
      getNetworkType: { networkType: "wifi" },
      // Alipay says no status: it calls `fail` for any but 200.
      downloadFile: this.wx ? { statusCode: 200, tempFilePath: "wxfile://a" } : { apFilePath: "https://resource/a.pdf" },
      getScreenBrightness: this.wx ? { value: 0.4 } : { brightness: 0.4 },
    };
    const answering =
      (name: string) =>
      (options: any = {}) => {
        this.calls.push({ name, options });
        if (name === "createInnerAudioContext")
          return { play() {}, stop() {}, destroy() {}, onEnded() {}, onError() {} };
        const answer = this.answers[name];
        const found = typeof answer === "function" ? answer(options) : answer;
        setTimeout(() => {
          if (found instanceof Error)
            options.fail?.(
              this.wx ? { errMsg: `${name}:fail ${found.message}` } : { error: 11, errorMessage: found.message },
            );
          else options.success?.({ ...(this.wx ? { errMsg: `${name}:ok` } : {}), ...usual[name], ...found });
          options.complete?.({});
        });
        return undefined;
      };
    for (const name of known) own[name] = answering(name);
    for (const name of heard) own[name] = () => undefined;
    for (const [name, move] of Object.entries(moves)) {
      own[name] = (options: any) => {
        this.calls.push({ name, options });
        move(options);
        options.success?.({ errMsg: `${name}:ok` });
        options.complete?.({ errMsg: `${name}:ok` });
      };
    }
    const there: Record<string, unknown> = {};
    for (const [name, required] of calls(this.platform)) {
      const call = own[name];
      if (!call) continue;
      there[name] = (...given: any[]) => {
        const missing = required.filter((option) => given[0]?.[option] === undefined);
        if (missing.length) throw new Error(`${name} without ${missing.join(", ")}`);
        return call(...given);
      };
    }
    // Newer base libraries have it; here, once a test says what it answers.
    const screenReader = this.wx ? "checkIsOpenAccessibility" : "isScreenReaderEnabled";
    const asked = answering(screenReader);
    Object.defineProperty(there, screenReader, { enumerable: true, get: () => (this.answers[screenReader] === undefined ? undefined : asked) });
    return there;
  }

  private async exchange(options: any): Promise<void> {
    const given = Object.entries((options.header ?? options.headers ?? {}) as Record<string, string>);
    // uni sends them in lower case in Alipay; HTTP does not care.
    const headers = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]));
    const data = typeof options.data === "string" ? JSON.parse(options.data) : options.data;
    const request: Requested = { method: options.method ?? "GET", url: options.url, headers, body: copied(data) };
    this.requests.push(request);
    // Every phone draws what the request changed before the answer is there.
    await new Promise((resolve) => setTimeout(resolve, 3));
    try {
      const { status, body, headers: more } = await this.server(request);
      const found = { "Content-Type": "application/json", ...more };
      if (this.wx) options.success?.({ statusCode: status, data: body, header: found, errMsg: "request:ok" });
      else if (status < 300) options.success?.({ status, data: body, headers: found });
      // Alipay's "HTTP 错误": what the server says comes with it, as it was sent.
      else options.fail?.({ error: 19, errorMessage: "http status error", status, data: JSON.stringify(body), headers: found });
    } catch (error) {
      options.fail?.(this.wx ? { errMsg: `request:fail ${error}` } : { error: 12, errorMessage: String(error) });
    }
    options.complete?.({});
  }
}

// --- Templates

/** Return the tags of a template. Uni's builds close every tag and quote every attribute. */
function parsed(template: string): Written[] {
  const root: Written = { name: "", attributes: {}, inside: [] };
  const open = [root];
  const token = /<!--[\s\S]*?-->|<\/([\w-]+)>|<([\w-]+)((?:\s+[^\s=>/]+(?:="[^"]*"|='[^']*')?)*)\s*(\/?)>|([^<]+)/g;
  for (const [, closed, name, attributes, alone, text] of template.matchAll(token)) {
    const top = open[open.length - 1]!;
    if (text !== undefined) top.inside.push(text);
    else if (closed !== undefined) open.pop();
    else if (name !== undefined) {
      const made: Written = { name, attributes: {}, inside: [] };
      for (const [, key, one, other] of attributes!.matchAll(/([^\s=]+)(?:="([^"]*)"|='([^']*)')?/g)) {
        made.attributes[key!] = one ?? other ?? "";
      }
      top.inside.push(made);
      if (!alone) open.push(made);
    }
  }
  if (open.length !== 1) throw new Error(`a tag is not closed: ${open[open.length - 1]!.name}`);
  return root.inside as Written[];
}

/** Return a component's own tags with what stands inside its tag in place of `<slot>`; `slots` are the tags around. */
function seen(drawn: Drawn[], slots: Tag[] = []): Seen[] {
  return drawn.flatMap((one): Seen[] => {
    if (typeof one === "string") return [one];
    if (one.name === "slot") return seen(slotted(one, slots), slots.slice(0, -1));
    return [{ tag: one, inside: one.component ? seen(one.component.drawn, [...slots, one]) : seen(one.inside, slots) }];
  });
}

function* walk(seen: Seen[]): Generator<Tag> {
  for (const one of seen) {
    if (typeof one === "string") continue;
    yield one.tag;
    yield* walk(one.inside);
  }
}

function slotted(slot: Tag, slots: Tag[]): Drawn[] {
  const host = slots[slots.length - 1];
  const wanted = String(slot.attributes.name ?? "");
  const names = wanted === "" ? ["", "d", "default"] : [wanted];
  return (host?.inside ?? []).filter((one) =>
    names.includes(typeof one === "string" ? "" : String(one.attributes.slot ?? "")),
  );
}

function words(seen: Seen[]): string[] {
  return seen.flatMap((one) => (typeof one === "string" ? [one] : words(one.inside)));
}

/** Return what a screen reader calls a tag. */
function said(tag: Tag): string {
  if (tag.attributes["aria-label"]) return String(tag.attributes["aria-label"]);
  const hosts: Tag[] = [];
  for (let host = tag.owner.host; host; host = host.owner.host) hosts.unshift(host);
  return words(seen(tag.inside, hosts)).join("").trim();
}

function truth(value: unknown): boolean {
  return value === "false" ? false : Boolean(value);
}

function copied<T>(value: T): T {
  const text = JSON.stringify(value);
  return text === undefined ? value : JSON.parse(text); // Functions, which Alipay hands on, and undefined.
}

/** Put a value at a path of `setData`, such as `list[0].name`. */
function place(data: any, path: string, value: unknown): void {
  const steps = path.split(/\.|\[(\d+)\]/).filter(Boolean);
  let at = data;
  for (const step of steps.slice(0, -1)) at = at[step] ??= {};
  at[steps[steps.length - 1]!] = value;
}

function address(url: string): [path: string, query: Record<string, string>] {
  const [path, query = ""] = url.split("?");
  return [path!.replace(/^\//, ""), Object.fromEntries(new URLSearchParams(query))];
}
