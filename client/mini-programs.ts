/** What the builds for mini-programs write otherwise than that for browsers, for all pages and components. */

import postcss from "postcss";
import parser, { type Selector } from "postcss-selector-parser";
import type { Plugin } from "vite";

/** The elements of the platform that our templates hold. */
export const ELEMENTS = ["view", "text", "button", "image", "input", "picker", "scroll-view", "camera"] as const;

const expand = parser((root) => {
  for (const selector of [...root.nodes]) {
    const written = spelled(selector);
    if (written.length > 1) selector.replaceWith(...written);
  }
});

/** Return the selector once for each way to put an element's name in place of each `*`. */
function spelled(selector: Selector): Selector[] {
  let found = [selector];
  const stars = selector.filter((node) => node.type === "universal").length;
  for (let star = 0; star < stars; star++) {
    found = found.flatMap((one) =>
      ELEMENTS.map((name) => {
        const copy = one.clone() as Selector;
        copy.at(copy.nodes.findIndex((node) => node.type === "universal")).replaceWith(parser.tag({ value: name }));
        return copy;
      }),
    );
  }
  return found;
}

/** Return a style sheet without `*`, which WeChat's compiler refuses: each stands for any of `ELEMENTS`. */
export function withoutStars(css: string): string {
  const sheet = postcss.parse(css);
  sheet.walkRules((rule) => {
    if (rule.selector.includes("*")) rule.selector = expand.processSync(rule.selector);
  });
  return sheet.toString();
}

/** The part of Vue's template compiler that is seen here: attributes are of type 6, bound ones of type 7. */
interface Tag {
  loc?: { source: string };
  props?: { type: number; name: string; arg?: { content: string }; value?: unknown; loc: unknown }[];
}

/** Headings become views (they are by now): role and level say to screen readers what they are. */
export function headings({ props, loc }: Tag): void {
  const level = /^<h([1-6])\b/.exec(loc?.source ?? "")?.[1];
  if (level === undefined || props === undefined) return;
  const written = { role: "heading", "aria-level": level };
  for (const [name, content] of Object.entries(written)) props.push({ type: 6, name, loc, value: { type: 2, content, loc } });
}

/** WeChat's name of `role` is `aria-role` ("aria-component"): of the other, its screen readers know nothing. */
export function ariaRoles({ props = [] }: Tag): void {
  for (const prop of props) {
    if (prop.type === 6 && prop.name === "role") prop.name = "aria-role";
    else if (prop.type === 7 && prop.name === "bind" && prop.arg?.content === "role") prop.arg.content = "aria-role";
  }
}

/**
 * The build for WeChat: style sheets that its compiler reads, and components without hosts.
 *
 * WeChat draws an element around each component unless it is told not to. A browser has none: what stands in a flex
 * box, or next to something, are the component's own parts.
 */
export function forWeChat(): Plugin {
  const made = "createComponent(Component)";
  return {
    name: "for-wechat",
    enforce: "post",
    transform(code, id) {
      if (!id.startsWith("uniComponent://")) return;
      if (!code.includes(made)) throw new Error(`uni makes components otherwise: ${code}`);
      return code.replace(made, "createComponent({ ...Component, options: { virtualHost: true } })");
    },
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "asset" && file.fileName.endsWith(".wxss")) file.source = withoutStars(String(file.source));
      }
    },
  };
}
