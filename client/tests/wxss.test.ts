import { describe, expect, it } from "vitest";

import { ELEMENTS, withoutStars } from "../wxss";

describe("a style sheet for WeChat", () => {
  it("names each element where any was meant", () => {
    expect(withoutStars(".bar > *{margin:0}")).toBe(ELEMENTS.map((name) => `.bar > ${name}`).join(",") + "{margin:0}");
  });

  it("names each pair of neighbours", () => {
    const [first] = withoutStars(".bar > * + *{margin:0}").split("{");
    const pairs = first!.split(",");
    expect(pairs).toHaveLength(ELEMENTS.length ** 2);
    expect(pairs).toContain(".bar > view + text");
    expect(pairs).toContain(".bar > text + view");
  });

  it("keeps what else a rule says", () => {
    expect(withoutStars(".a,.b > *:first-child,.c{top:calc(1px * 2)}")).toBe(
      `.a,${ELEMENTS.map((name) => `.b > ${name}:first-child`).join(",")},.c{top:calc(1px * 2)}`,
    );
    expect(withoutStars("@media (min-width:1px){.a > .b{top:0}}")).toBe("@media (min-width:1px){.a > .b{top:0}}");
  });
});
