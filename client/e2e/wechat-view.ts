/**
 * What WeChat draws of a page: the tree that its build has made (mini-program.ts), as WeChat's framework hands it to a
 * web view, in Chromium.
 *
 * - Style sheets are what `wcsc` makes of them, the compiler of WeChat's developer tools. Each class in them is named
 *   with a prefix of its component, unless the component's styles are shared with all ("组件样式" of WeChat's
 *   framework documents). A component of `apply-shared`, as uni makes them, has every class under both names.
 * - A component with a virtual host has no element of its own ("虚拟组件节点").
 * - How the platform's own elements look is taken from uni's, which are made after WeChat's. Its rem is a twentieth of
 *   the screen.
 */

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { MiniProgram, Seen, Tag } from "./mini-program";

export const BUILD = join(__dirname, "../dist/build/mp-weixin");
const UNI = join(__dirname, "../node_modules/@dcloudio");
const ELEMENTS = ["components/style/view", "components/style/text", "components/style/button", "components/style/input", "components/style/image", "components/style/scroll-view", "h5/style/picker", "h5/style/camera"];

const require = createRequire(import.meta.url);
const wxssToJs = require("miniprogram-compiler/src/wcsc") as (folder: string, names: string[]) => Record<string, string> | Error;

/** Return the compiled style sheets, by name: JavaScript, written as the inside of a string. */
function compiled(): Record<string, string> {
  const names = (readdirSync(BUILD, { recursive: true }) as string[]).filter((name) => name.endsWith(".wxss"));
  const made = wxssToJs(BUILD, names.map((name) => name.slice(0, -".wxss".length)));
  if (made instanceof Error) throw made;
  return made;
}

const sheets = compiled();
const elements = ELEMENTS.map((name) => readFileSync(join(UNI, `uni-${name}.css`), "utf-8").replace(/\buni-/g, "wx-")).join("\n");

/** Draw the page in front into a browser's. */
export async function draw(program: MiniProgram, page: Page): Promise<void> {
  const path = program.path;
  const seen = program.seen;
  await page.setContent(`<!doctype html><html><head><meta name="viewport" content="width=device-width"><style>html { font-size: 5vw; } body { margin: 0; } ${elements}</style></head><body>${html(seen)}</body></html>`);
  const used = [...new Map(components(seen).map((kind) => [kind.path, kind])).values()];
  const wanted = [["app", ""], ...used.map((kind) => [kind.path, prefix(kind)]), [path, ""]] as [string, string][];
  const rules = wanted.filter(([name]) => sheets[`${name}.wxss`] !== undefined).map(([name, prefixed]) => [sheets[`${name}.wxss`]!, prefixed]);
  await page.evaluate(
    ({ common, rules }) => {
      const read = (escaped: string): string => eval(`"${escaped}"`);
      for (const [rule, prefixed] of rules) eval(`${read(common)}; ${read(rule!)}(${JSON.stringify(prefixed)})`);
    },
    { common: sheets.comm!, rules },
  );
}

type Kind = NonNullable<Tag["component"]>["kind"];

function components(seen: Seen[]): Kind[] {
  return seen.flatMap((one) => {
    if (typeof one === "string") return [];
    return [...(one.tag.component ? [one.tag.component.kind] : []), ...components(one.inside)];
  });
}

/** Return what stands before a component's own classes. Pages, which are no components to their JSON, share theirs. */
function prefix({ path, settings }: Kind): string {
  return settings.component && settings.styleIsolation !== "shared" ? `${path.replace(/\//g, "-")}--` : "";
}

function html(seen: Seen[]): string {
  return seen.map((one) => (typeof one === "string" ? escaped(one) : element(one.tag, html(one.inside)))).join("");
}

function element(tag: Tag, inside: string): string {
  const { name, attributes, owner, component } = tag;
  if (component?.kind.options.options.virtualHost) return inside;
  const classes = [attributes.class].flat(Infinity).filter((given) => given !== undefined && given !== false).join(" ").split(/\s+/).filter(Boolean);
  const own = prefix(owner.kind);
  const written: Record<string, unknown> = {
    class: [...classes, ...(own ? classes.map((given) => own + given) : [])].join(" "),
    ...Object.fromEntries(["style", "id", "role", "aria-label", "aria-hidden"].map((key) => [key, attributes[key]])),
    ...(attributes.hidden === true && { hidden: "" }),
    ...(attributes.disabled === true && { disabled: "" }),
  };
  // The image's own code sets its height.
  if (attributes.mode === "widthFix") written.style = `${written.style ?? ""};height:auto`;
  const drawn = Object.entries(written).map(([key, value]) => (value === undefined || value === "" && key !== "hidden" && key !== "disabled" ? "" : ` ${key}="${escaped(String(value))}"`));
  const called = component ? name : `wx-${name}`;
  return `<${called}${drawn.join("")}>${native(tag, inside)}</${called}>`;
}

/** Return what the platform's element has inside, for what is put inside it. */
function native({ name, attributes }: Tag, inside: string): string {
  switch (name) {
    case "text":
      return `<span>${inside}</span>`;
    case "scroll-view":
      return `<div class="wx-scroll-view"><div class="wx-scroll-view"><div class="wx-scroll-view-content">${inside}</div></div></div>`;
    case "input": {
      const value = String(attributes.value ?? "");
      const asked = value ? "" : `<div class="wx-input-placeholder">${escaped(String(attributes.placeholder ?? ""))}</div>`;
      return `<div class="wx-input-wrapper">${asked}<input class="wx-input-input" value="${escaped(value)}"></div>`;
    }
    case "image":
      return `<img src="${escaped(String(attributes.src ?? ""))}" style="position: static; opacity: 1; height: ${attributes.mode === "widthFix" ? "auto" : "100%"}">`;
    default:
      return inside;
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
