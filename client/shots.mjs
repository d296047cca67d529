import { chromium } from "playwright-core";
const only = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const pages = {
  my: ["pages/my/my"], family: ["pages/family/family"], paper: ["pages/paper-pass/paper-pass"], visits: ["pages/visits/visits"],
  accesses: ["pages/accesses/accesses"], declarations: ["pages/declarations/declarations"], form: ["pages/declarations/declarations?new=1"], data: ["pages/own-data/own-data"], add: ["pages/family/family?add=1"],
};
const looks = { base: { w: 375, h: 812, s: {} }, dark: { w: 375, h: 812, s: { dark: "dark" } }, large: { w: 320, h: 700, s: { scale: 2, language: "en" } } };
for (const [look, { w, h, s }] of Object.entries(looks)) {
  const context = await browser.newContext({ viewport: { width: w, height: h }, deviceScaleFactor: 1, locale: "zh-CN", timezoneId: "Asia/Shanghai" });
  await context.addInitScript((s) => { localStorage.setItem("vc.login", JSON.stringify({ access: "a", refresh: "r", personId: "per_7RHYG5G075CMMCW9" })); localStorage.setItem("vc.settings", JSON.stringify({ language: "zh-Hans", ...s })); }, s);
  const page = await context.newPage();
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) console.log(look, m.text().slice(0, 300)); });
  page.on("pageerror", (e) => console.log(look, "ERR", e.message));
  for (const [name, [path]] of Object.entries(pages)) {
    if (only.length && !only.includes(name) && !only.includes(look)) continue;
    await page.goto("about:blank");
    await page.goto(`http://127.0.0.1:8911/app/#/${path}`);
    await page.waitForTimeout(700);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) console.log(look, name, "scrolls sideways by", wide);
    await page.screenshot({ path: `/tmp/w11/own/shots/${name}-${look}.png`, fullPage: true });
  }
  await context.close();
}
await browser.close();
