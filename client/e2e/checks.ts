/**
 * What everybody needs of a page (GO-13): axe's rules, and what axe cannot see.
 *
 * Each function returns what is wrong, as texts to read; an empty list is right.
 */

import axe from "axe-core";
import type { Page } from "playwright-core";
import brand from "../src/brand.json";
import type { Language } from "./texts";

/** Everything that one can press or fill in. */
const CONTROLS = "button, a[href], input, select, textarea, [role=button], [role=radio], [role=switch], [role=tab], [role=option], [role=checkbox]";

/** Return axe-core's violations: of WCAG 2.2 A and AA and its best practices, or of these rules alone. */
export async function violations(page: Page, rules?: string[]): Promise<string[]> {
  // As high as its content: what a bar covers only until one scrolls is not covered.
  const size = page.viewportSize()!;
  const height = await page.evaluate(() => document.scrollingElement!.scrollHeight);
  await page.setViewportSize({ width: size.width, height: Math.max(size.height, height + 8) });
  await page.evaluate(axe.source);
  const runOnly = rules ? { type: "rule", values: rules } : ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await page.evaluate(async (runOnly) => {
    const run = (window as any).axe.run as (where: Document, options: object) => Promise<any>;
    return run(document, { resultTypes: ["violations"], runOnly });
  }, runOnly);
  await page.setViewportSize(size);
  return found.violations.flatMap((rule: any) =>
    rule.nodes.map((node: any) => `${rule.id}: ${node.html.slice(0, 160)}: ${node.failureSummary.replace(/\s+/g, " ")}`),
  );
}

/** Return controls under 48 px in height or width. A link inside a sentence is as high as its line. */
export function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate((controls) => {
    const small: string[] = [];
    for (const control of document.querySelectorAll<HTMLElement>(controls)) {
      const label = control.matches("input[type=radio], input[type=checkbox], input[type=file]") ? control.closest("label") ?? control.parentElement : null;
      const { width, height } = (label ?? control).getBoundingClientRect();
      if (width === 0 || height === 0 || getComputedStyle(control).display === "inline" || control.closest("[inert]")) continue;
      if (height < 47.5 || width < 47.5) small.push(`${Math.round(width)} × ${height.toFixed(1)}: ${control.outerHTML.slice(0, 160)}`);
    }
    return small;
  }, CONTROLS);
}

/** Return what stands beyond the right edge, so that one had to scroll sideways. */
export function sideways(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide: string[] = [];
    const root = document.scrollingElement!;
    if (root.scrollWidth > window.innerWidth) wide.push(`the page is ${root.scrollWidth} wide in ${window.innerWidth}`);
    for (const element of document.querySelectorAll<HTMLElement>(".vc *")) {
      const { right, left, width, height } = element.getBoundingClientRect();
      if (width === 0 || height === 0 || (right <= window.innerWidth + 0.5 && left >= -0.5)) continue;
      // The camera's picture is cut on purpose, as are texts for screen readers only.
      if (element.closest("video, canvas, svg, [aria-hidden=true], .vh")) continue;
      wide.push(`${Math.round(left)}…${Math.round(right)}: ${element.outerHTML.slice(0, 120)}`);
    }
    return wide.slice(0, 5);
  });
}

/** Return what is wrong with going through the page by Tab: nothing reached twice or out of order, the focus seen. */
export async function keyboard(page: Page): Promise<string[]> {
  const wrong: string[] = [];
  const reached = new Set<number>();
  await page.evaluate((controls) => {
    const open = (element: HTMLElement) => !element.closest("[inert]") && !(element as HTMLButtonElement).disabled && element.tabIndex >= 0;
    const seen = (element: HTMLElement) => element.getClientRects().length > 0;
    [...document.querySelectorAll<HTMLElement>(controls)].filter((one) => seen(one) && open(one)).forEach((one, index) => {
      one.dataset.order = String(index);
    });
    // Begin at the top, not at the title, which has the focus on arrival.
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  }, CONTROLS);
  const count = await page.locator("[data-order]").count();
  let last = -1;
  for (let step = 0; step < count + 2; step++) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate(async () => {
      // The browser scrolls to the focus with its next frames.
      for (let frame = 0; frame < 3; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
      const at = document.activeElement as HTMLElement | null;
      if (!at || at === document.body) return null;
      // A radio button is drawn by its label.
      const drawn = [at, ...(at.matches("input[type=radio], input[type=checkbox]") ? [at.closest("label")] : [])];
      const ring = drawn.some((one) => {
        const style = one && getComputedStyle(one);
        if (!style) return false;
        const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        return outline || (one.matches("input, select, textarea") && parseFloat(style.borderTopWidth) >= 2);
      });
      const box = (drawn[drawn.length - 1] ?? at).getBoundingClientRect();
      const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      const seen = top !== null && drawn.some((one) => one?.contains(top) || top.contains(one));
      const over = [...document.querySelectorAll("[aria-modal=true]")].filter((one) => one.getClientRects().length > 0).pop();
      if (over && !over.contains(at)) return { order: null, ring, seen: false, html: at.outerHTML.slice(0, 120) };
      return { order: at.dataset.order ?? null, ring, seen, html: at.outerHTML.slice(0, 120) };
    });
    if (now === null) break;
    if (!now.seen) wrong.push(`the focus is covered: ${now.html}`);
    if (!now.ring) wrong.push(`no visible focus: ${now.html}`);
    if (now.order === null) continue;
    const order = Number(now.order);
    if (reached.has(order)) break;
    if (order < last) wrong.push(`out of order: ${now.html}`);
    last = order;
    reached.add(order);
  }
  const groups = await page.evaluate(() => document.querySelectorAll("input[type=radio][data-order], [role=radio][data-order]").length);
  // One Tab reaches a group of radio buttons; arrows move in it.
  if (reached.size + groups < count) {
    const missed = await page.evaluate(
      (seen) => [...document.querySelectorAll<HTMLElement>("[data-order]")].filter((one) => !seen.includes(Number(one.dataset.order))).map((one) => one.outerHTML.slice(0, 120)),
      [...reached],
    );
    wrong.push(...missed.map((html) => `Tab does not reach: ${html}`));
  }
  return wrong;
}

/** Return what still moves although the person wants nothing to. */
export function moving(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    document
      .getAnimations()
      // Without progress it has not begun.
      .filter((one) => one.playState === "running" && (one.effect?.getComputedTiming().progress ?? null) !== null)
      .map((one) => {
        const { target, pseudoElement } = one.effect as KeyframeEffect;
        const what = (one as CSSAnimation).animationName ?? (one as CSSTransition).transitionProperty ?? "script";
        return `${what} of ${pseudoElement ?? ""} ${target?.outerHTML.slice(0, 80)}`;
      })
      // uni's own, three seconds after the start, of what is off the screen.
      .filter((one) => !one.startsWith("shadow-preload of ::after")),
  );
}

/** Write down from now on what a screen reader would say of live regions; see `spoken`. */
export async function listen(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const said: string[] = ((window as any).said = []);
    const live = "[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]";
    const text = (region: Element) => (region.textContent ?? "").replace(/\s+/g, " ").trim();
    const last = new WeakMap<Element, string>();
    const look = (node: Node) => {
      const element = node instanceof Element ? node : node.parentElement;
      const regions = [element?.closest(live), ...(element?.querySelectorAll(live) ?? [])];
      for (const region of regions) {
        // What lies below a dialog is said to nobody.
        if (!region || region.closest("[aria-hidden=true]") || text(region) === "" || last.get(region) === text(region)) continue;
        last.set(region, text(region));
        said.push(text(region));
      }
    };
    new MutationObserver((changes) => {
      for (const change of changes) {
        look(change.target);
        change.addedNodes.forEach(look);
      }
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
}

export function spoken(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as any).said as string[]);
}

/** Return what a person hears twice: regions that said the same text again, or two that say the same. */
export async function saidTwice(page: Page): Promise<string[]> {
  const said = await spoken(page);
  return said.filter((one, index) => said.indexOf(one) !== index);
}

/** Return what is cut off or too wide with the spacing of text that WCAG 1.4.12 lets people set. */
export async function cutBySpacing(page: Page): Promise<string[]> {
  // The content security policy lets no style element in.
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }");
    document.adoptedStyleSheets = [sheet];
  });
  const cut = await page.evaluate(() => {
    const found: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>(".vc *")) {
      const { width, height } = element.getBoundingClientRect();
      if (width === 0 || height === 0 || element.closest(".vh, [aria-hidden=true], select, input")) continue;
      const { overflowX, overflowY } = getComputedStyle(element);
      const clips = (overflow: string) => overflow === "hidden" || overflow === "clip";
      const tooWide = clips(overflowX) && element.scrollWidth > element.clientWidth + 1;
      const tooHigh = clips(overflowY) && element.scrollHeight > element.clientHeight + 1;
      if ((tooWide || tooHigh) && element.innerText?.trim()) found.push(`cut off: ${element.outerHTML.slice(0, 120)}`);
    }
    return found;
  });
  const wide = await sideways(page);
  await page.evaluate(() => {
    document.adoptedStyleSheets = [];
  });
  return [...cut, ...wide];
}

/** Return English words of titles and controls that break in their middle without a hyphen. */
export function brokenWords(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const broken = new Set<string>();
    for (const element of document.querySelectorAll<HTMLElement>("h1, h2, h3, button, label, .label, .k")) {
      if (element.getClientRects().length === 0) continue;
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        for (const word of (node.textContent ?? "").matchAll(/[A-Za-z][A-Za-z'’]+/g)) {
          const range = document.createRange();
          range.setStart(node, word.index);
          range.setEnd(node, word.index + word[0].length);
          const lines = new Set([...range.getClientRects()].filter((one) => one.width > 0).map((one) => Math.round(one.top)));
          if (lines.size > 1) broken.add(`${word[0]}: ${element.outerHTML.slice(0, 100)}`);
        }
      }
    }
    return [...broken];
  });
}

/** Return Chinese words, as the browser knows them, that titles, buttons and outcomes break in their middle. */
export function partedWords(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const parted = new Set<string>();
    const words = new Intl.Segmenter("zh", { granularity: "word" });
    const kinds = "h1, h2, button, button .k, button .d, .phrases";
    for (const element of document.querySelectorAll<HTMLElement>(kinds)) {
      // A row's title and what stands below it are two texts.
      if (element.getClientRects().length === 0 || element.querySelector(kinds)) continue;
      // Where each character stands: a word may lie in several elements.
      const tops: number[] = [];
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      let text = "";
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        for (let at = 0; at < (node as Text).length; at++) {
          const range = document.createRange();
          range.setStart(node, at);
          range.setEnd(node, at + 1);
          tops.push(range.getBoundingClientRect().top);
        }
        text += node.textContent;
      }
      for (const { index, segment, isWordLike } of words.segment(text)) {
        const lines = tops.slice(index, index + segment.length);
        if (isWordLike && Math.max(...lines) - Math.min(...lines) > 4) parted.add(`${segment}: ${text}`);
      }
    }
    return [...parted];
  });
}

/** Return what is wrong with the page's name and language: a screen reader says both first. The client's name comes after the page's. */
export function nameAndLanguage(page: Page, language: Language): Promise<string[]> {
  return page.evaluate(({ language, app }) => {
    const wrong: string[] = [];
    const heading = [...document.querySelectorAll<HTMLElement>("h1")].find((one) => one.getClientRects().length > 0);
    const headed = heading?.innerText.trim();
    if (!headed || ![headed, `${headed} · ${app}`].includes(document.title) || !document.title.endsWith(app)) wrong.push(`titled ${document.title}, headed ${headed}`);
    for (const where of [document.documentElement, heading?.closest(".vc")]) {
      if (where?.getAttribute("lang") !== language) wrong.push(`lang=${where?.getAttribute("lang")} of ${where?.tagName}`);
    }
    return wrong;
  }, { language, app: brand.name[language] });
}

/** Return what is wrong with the dialog in front: the focus outside, or a page behind it that can be reached. */
export function notModal(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const seen = (one: Element) => one.getClientRects().length > 0;
    const dialog = [...document.querySelectorAll("[role=dialog][aria-modal=true]")].filter(seen).pop();
    if (!dialog) return ["no dialog"];
    const wrong = dialog.contains(document.activeElement) ? [] : [`the focus is on ${document.activeElement?.outerHTML.slice(0, 120)}`];
    for (const part of dialog.closest(".vc")!.children) {
      const behind = !part.contains(dialog) && !part.matches(".toast-place") && seen(part);
      if (behind && !part.matches("[inert][aria-hidden=true]")) wrong.push(`not out of reach: ${part.outerHTML.slice(0, 80)}`);
      if (part.contains(dialog) && part.matches("[inert], [aria-hidden=true]")) wrong.push("the dialog is out of reach");
    }
    return wrong;
  });
}
