/** WeChat's style sheets: what its compiler of WXSS does not read is written otherwise. */

import postcss from "postcss";
import parser, { type Selector } from "postcss-selector-parser";

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
