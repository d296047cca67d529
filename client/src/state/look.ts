import { computed, reactive } from "vue";

import { brand } from "@/state/brand";
import { settings } from "./settings";

const system = reactive({ dark: false });
/** What the platform's own bar covers of the page: WeChat draws it over ours. */
const covered: string[] = [];

// #ifdef H5
const query = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;
if (query !== null) {
  system.dark = query.matches;
  // `addListener`: Safari 13 has no `addEventListener` here.
  query.addListener((event) => {
    system.dark = event.matches;
  });
}
// #endif
// #ifdef MP-WEIXIN
// Alipay tells no theme, and keeps its bar above the page.
const { theme, statusBarHeight = 0 } = uni.getSystemInfoSync() as { theme?: string; statusBarHeight?: number };
system.dark = theme === "dark";
uni.onThemeChange((change) => {
  system.dark = change.theme === "dark";
});
covered.push(`--top:${statusBarHeight}px`);
// #endif

export const isDark = computed(() => (settings.dark === "system" ? system.dark : settings.dark === "dark"));

/** Classes of a page: `dark`, and `xl` from 150 % text on, where rows stack. */
export const lookClasses = computed(() => ({ dark: isDark.value, xl: settings.scale >= 1.5, [settings.language]: true }));

/** Style of a page: `--rem`, the size of a text of 1 rem with large text, and the region's colours. */
export const lookStyle = computed(() => styleOf(isDark.value));

/** The same for a page that is always dark, such as the camera's. */
export const darkStyle = computed(() => styleOf(true));

function styleOf(dark: boolean): string {
  const colours = Object.entries(brand.colours[dark ? "dark" : "light"]);
  return [`--rem:${rem(settings.scale)}`, ...covered, ...colours.map(([name, value]) => `--${name}:${value}`)].join(";");
}

function rem(scale: number): string {
  // A browser's own setting of large text counts, too. WeChat's rem is a twentieth of the screen ("WXSS", units).
  // #ifdef H5
  return `${scale}rem`;
  // #endif
  // #ifndef H5
  return `${16 * scale}px`;
  // #endif
}
