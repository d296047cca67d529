/** States of pages that no address leads to: sheets, outcomes, errors, nothing yet, no network. */

import type { Locator } from "playwright-core";
import type { Chromium, Phone } from "./browser";
import { passOf, picks } from "./guard";
import type { Cast } from "./pages";
import { verified } from "./people";
import { text, type Language } from "./texts";

export interface State {
  name: string;
  who: "visitor" | "newcomer" | "head" | null;
  address: (cast: Cast) => string;
  /** Bring the page there; it is open already, except for what `before` has changed. */
  enter?: (phone: Phone, say: Say, chromium: Chromium) => Promise<unknown>;
  /** What the API answers instead. */
  before?: (phone: Phone, cast: Cast) => Promise<unknown>;
  /** A dialog is in front, which Escape closes. */
  dialog?: boolean;
  /** The camera may not be used. */
  noCamera?: boolean;
}

export type Say = (key: string, values?: Record<string, string | number>) => string;
export const sayer = (language: Language): Say => (key, values) => text(key, values, language);

/** Press as the keyboard does; afterwards `[data-opener]` is what was pressed. */
export async function press(control: Locator): Promise<void> {
  await control.first().waitFor();
  await control.first().evaluate((element: HTMLElement) => {
    document.querySelectorAll("[data-opener]").forEach((one) => one.removeAttribute("data-opener"));
    element.dataset.opener = "";
    element.focus();
  });
  await control.first().press("Enter");
}

/** Choose a radio button as the keyboard does: a click may miss one that moves with its sheet. */
async function choose(radio: Locator): Promise<void> {
  await radio.waitFor({ state: "attached" });
  await radio.focus();
  await radio.press("Space");
}

const button = (phone: Phone, name: string | RegExp): Locator => phone.page.getByRole("button", { name, exact: typeof name === "string" });
const starting = (words: string): RegExp => new RegExp(`^${words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`);
const dialog = (phone: Phone): Locator => phone.page.getByRole("dialog");
/** A person of a list, which carries a status; other rows stand there before the list has come. */
const personRow = (phone: Phone): Locator => phone.page.locator(".row-btn").filter({ has: phone.page.locator(".st") });

const PROBLEM = { type: "about:blank", title: "", detail: "这是接口给出的一句话，请按它说的做。" };

/** Answer these requests with a problem of the API. */
async function problem(phone: Phone, url: string, status: number, code: string, more: { method?: string; errors?: object[]; retry?: number } = {}): Promise<void> {
  const headers: Record<string, string> = { "content-type": "application/problem+json", ...(more.retry ? { "retry-after": String(more.retry) } : {}) };
  const body = JSON.stringify({ ...PROBLEM, status, code, ...(more.errors ? { errors: more.errors } : {}) });
  await phone.page.route(url, (route) => (more.method && route.request().method() !== more.method ? route.fallback() : route.fulfill({ status, headers, body })));
}

/** Change what the API answers with success. */
async function changed(phone: Phone, url: string, change: (body: any) => object): Promise<void> {
  await phone.page.route(url, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: change(await answer.json().catch(() => ({}))) });
  });
}

const wrongField = (pointer: string) => ({ pointer, code: "invalid", detail: "这一项不对，请检查。" });

/** A scan's screen with another outcome. Only its parts matter here; its words are the API's own. */
const OUTCOMES: Record<string, (screen: any) => object> = {
  admit: (screen) => screen,
  hollow: (screen) => ({ ...screen, reasons: [{ code: "health_code_unconfirmed", text: "健康码暂未能核实，已登记放行" }] }),
  check: (screen) => ({
    ...screen,
    outcome: "check",
    outcome_text: "请出示给工作人员",
    health_code: { ...screen.health_code, state: "yellow", text: "黄码" },
    reasons: [{ code: "health_code_yellow", text: "健康码为黄码" }],
    next_steps: [{ code: "ask_staff", text: "请到工作人员处登记" }],
  }),
  refuse: (screen) => ({
    ...screen,
    outcome: "refuse",
    outcome_text: "请勿入内",
    health_code: { ...screen.health_code, state: "red", text: "红码" },
    reasons: [{ code: "health_code_red", text: "健康码为红码" }],
    next_steps: [{ code: "call", text: "请联系社区" }],
  }),
  pending: (screen) => ({
    ...screen,
    outcome: "pending",
    outcome_text: "正在查询",
    poll_after_ms: 60_000,
    health_code: { ...screen.health_code, state: "pending", text: "查询中" },
    nucleic_acid: { ...screen.nucleic_acid, state: "pending", text: "查询中" },
  }),
  "provider fault": (screen) => ({
    ...screen,
    outcome: "check",
    outcome_text: "请出示给工作人员",
    health_code: { ...screen.health_code, state: "unknown", text: "查询失败", stale: true },
    nucleic_acid: { ...screen.nucleic_acid, state: "unknown", text: "查询失败" },
    travel_card: { ...screen.travel_card, state: "unknown", text: "查询失败" },
    reasons: [{ code: "health_code_unknown", text: "健康码暂时查不到" }],
    next_steps: [{ code: "ask_staff", text: "请到工作人员处登记" }],
  }),
};
const scanOf = (cast: Cast): string => encodeURIComponent(cast.scanId);

const results: State[] = Object.entries(OUTCOMES).map(([name, change]) => ({
  name: `result, ${name}`,
  who: "visitor",
  address: (cast) => `pages/result/result?scan=${scanOf(cast)}`,
  before: (phone) => changed(phone, "**/v1/scans/*", change),
  enter: async (phone) => phone.page.locator(".out-word").waitFor(),
}));

/** The full screen, as a visitor shows it. */
const shown: State[] = Object.entries(OUTCOMES)
  .filter(([name]) => name !== "pending")
  .map(([name, change]) => ({
    name: `shown to the staff, ${name}`,
    who: "visitor",
    address: (cast) => `pages/result/result?scan=${scanOf(cast)}`,
    before: (phone) => changed(phone, "**/v1/scans/*", change),
    enter: (phone, say) => press(button(phone, say("visitor.show_staff"))),
    dialog: true,
  }));

/** The full screen, as a guard sees it. */
const glances: State[] = Object.entries(OUTCOMES)
  .filter(([name]) => name === "pending" || name === "hollow" || name === "check" || name === "refuse")
  .map(([name, change]) => ({
  name: `guard's outcome, ${name}`,
  who: "head",
  address: (cast) => `pages/guard/outcome/outcome?scan=${scanOf(cast)}`,
  before: async (phone, cast) => {
    const screen = await cast.visitor.get(`/v1/scans/${cast.scanId}`);
    await phone.page.route("**/v1/scans/*", (route) => route.fulfill({ json: change({ ...screen, means: "staff", person: { ...screen.person, phone: "137****0001" } }) }));
  },
  enter: async (phone) => dialog(phone).waitFor(),
}));

/** What comes at the door of a scan, with what the guard can do then. */
const atTheDoor: State = {
  name: "at the door, check",
  who: "head",
  address: (cast) => `pages/guard/scan/scan?venue_id=${cast.venue.venue_id}`,
  enter: async (phone, say, chromium) => {
    await picks(phone, await passOf(chromium, await verified({ health_code: "yellow" })), say("guard.album"));
    await dialog(phone).getByRole("heading", { name: say("guard.glance_check") }).waitFor();
    for (const band of ["guard.normal", "guard.fever"]) await button(phone, say(band)).waitFor();
  },
};

/** A pass of another colour, as home shows it. */
const colour = (background: string, text: string, advice: string | null, code: object = {}) => (pass: any) => ({ ...pass, background, advice, health_code: { ...pass.health_code, state: background, text, ...code } });
const NOT_GREEN = { report_to: "示例市东镇街道社区，0668-0000000", reason: "近七日到过有确诊病例的场所", lifting: "三天内两次核酸检测为阴性的，第四天转为绿码" };
/** By what the pass looks like (VcPass.vue). */
const PASSES: Record<string, (pass: any) => object> = {
  red: colour("red", "红码", "不能通行。请向所在社区（村）或单位报告。", NOT_GREEN),
  yellow: colour("yellow", "黄码", "需进一步核实（如测量体温）后方可通行；如申报已过期，请重新申报健康信息。", NOT_GREEN),
  lgreen: colour("light_green", "未申报", "尚未申报健康信息，请先申报。"),
  unknown: colour("grey", "未知", null, { state: "unknown", observed_at: null, fetched_at: null }),
};
const unregistered = (verification: string, more: object = {}) => (me: any) => ({ ...me, registration: { ...me.registration, verification, ...more } });

const homes: State[] = [
  ...Object.entries(PASSES).map(
    ([look, change]): State => ({
      name: `home, ${look}`,
      who: "visitor",
      address: () => "",
      before: (phone) => changed(phone, "**/v1/me/pass", change),
      enter: async (phone) => {
        await phone.page.locator(`.pass.${look}`).waitFor();
        // What the person is to do stands below a pass that is not green.
        if (look === "red" || look === "yellow") await phone.page.getByText(NOT_GREEN.lifting).waitFor();
        if (look === "yellow" || look === "lgreen") await phone.page.locator(".todo").waitFor();
      },
    }),
  ),
  {
    name: "home, red, with a contact",
    who: "visitor",
    address: () => "",
    before: async (phone) => {
      await changed(phone, "**/v1/me/pass", PASSES.red!);
      // As the build of a region that has said whom to call (brand.json).
      await phone.page.route("**/assets/home.*.js", async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, body: (await answer.text()).replace('contact:""', 'contact:"0668-0000000"') });
      });
    },
    enter: (phone, say) => button(phone, say("visitor.contact")).waitFor(),
  },
  {
    name: "home, veiled",
    who: "visitor",
    address: () => "",
    // As if it were shown for a minute after it was to be renewed.
    before: (phone) => changed(phone, "**/v1/me/pass", (pass) => ({ ...pass, refresh_after_s: -60 })),
    enter: (phone, say) => phone.page.locator(".pass-veil").getByText(say("visitor.pass_renewing")).waitFor(),
  },
  {
    name: "home, registration pending",
    who: "visitor",
    address: () => "",
    before: (phone) => changed(phone, "**/v1/me", unregistered("pending")),
    enter: (phone, say) => phone.by("heading", say("visitor.reg_pending")).waitFor(),
  },
  {
    name: "home, registration rejected",
    who: "visitor",
    address: () => "",
    before: (phone) => changed(phone, "**/v1/me", unregistered("rejected", { reason_text: "姓名与证件号码不一致，请核对后再试。" })),
    enter: async (phone, say) => {
      await phone.by("heading", say("visitor.reg_rejected")).waitFor();
      await button(phone, say("visitor.reg_correct")).waitFor();
    },
  },
];

const PAPER = (state: string) => ({
  state,
  status: "settled",
  serial: state === "none" ? null : "7RHY-G5G0-75CM",
  name: state === "none" ? null : "masked",
  files: state === "valid" ? [{ form: "card_png", status: "failed", text: "没有画成，请重试。", url: null, expires_at: null }] : [],
  issued_at: state === "none" ? null : "2022-04-24T08:00:00.000Z",
  issued_by: "self",
  expires_at: state === "none" ? null : "2022-10-24T08:00:00.000Z",
  poll_after_ms: null,
});
const paper = (phone: Phone, state: string) => phone.page.route("**/v1/me/pass/paper", (route) => route.fulfill({ json: PAPER(state) }));
const GUARDIAN = { person_id: "per_7RHYG5G075CMMCW9", name: "梁**", relation: "child", method: "face", since: "2022-04-24T08:00:00.000Z", until: null };

const sheets: State[] = [
  { name: "family", who: "visitor", address: () => "", enter: (phone, say) => press(button(phone, starting(say("visitor.family")))), dialog: true },
  { name: "typed serial", who: "visitor", address: () => "pages/scan/scan", enter: (phone, say) => press(button(phone, say("visitor.type_serial"))), dialog: true },
  { name: "erasure", who: "visitor", address: () => "pages/own-data/own-data", enter: (phone, say) => press(button(phone, say("own.erase_ask"))), dialog: true },
  {
    name: "proof of who it is",
    who: "visitor",
    address: () => "pages/own-data/own-data",
    before: (phone) => problem(phone, "**/v1/me/export", 403, "stronger_login_needed", { method: "POST" }),
    enter: (phone, say) => press(button(phone, say("own.export_ask"))),
    dialog: true,
  },
  { name: "a paper pass", who: "visitor", address: () => "pages/paper-pass/paper-pass", before: (phone) => paper(phone, "none"), enter: (phone, say) => press(button(phone, say("own.paper_issue"))), dialog: true },
  { name: "a new paper pass", who: "visitor", address: () => "pages/paper-pass/paper-pass", before: (phone) => paper(phone, "valid"), enter: (phone, say) => press(button(phone, say("own.paper_reissue"))), dialog: true },
  { name: "end of a paper pass", who: "visitor", address: () => "pages/paper-pass/paper-pass", before: (phone) => paper(phone, "valid"), enter: (phone, say) => press(button(phone, say("own.paper_revoke"))), dialog: true },
  ...(["identity_returning", "identity_managed"] as const).map(
    (code): State => ({
      name: code,
      who: "newcomer",
      address: () => "pages/registration/registration",
      before: (phone) => problem(phone, "**/v1/me/registration", 409, code, { method: "POST" }),
      enter: async (phone, say) => {
        await phone.type(say("visitor.reg_name"), "端木甲");
        await phone.type(say("visitor.reg_number"), "44098319900101001X");
        await press(button(phone, say("visitor.reg_submit")));
        await dialog(phone).waitFor();
      },
      dialog: true,
    }),
  ),
  { name: "another phone number", who: "visitor", address: () => "pages/my/my", enter: (phone, say) => press(button(phone, starting(say("own.phone")))), dialog: true },
  { name: "own venues", who: "head", address: () => "pages/head/workbench/workbench", enter: (phone, say) => press(button(phone, say("head.switch"))), dialog: true },
  { name: "a member of the staff", who: "head", address: (cast) => `pages/head/staff/staff?venue_id=${cast.venue.venue_id}`, enter: (phone) => press(phone.page.locator(".row-btn")), dialog: true },
  { name: "a new join code", who: "head", address: (cast) => `pages/head/staff/staff?venue_id=${cast.venue.venue_id}`, enter: (phone, say) => press(button(phone, say("head.rotate"))), dialog: true },
  { name: "new staff", who: "head", address: (cast) => `pages/head/staff/staff?venue_id=${cast.venue.venue_id}`, enter: (phone, say) => press(button(phone, say("head.add"))), dialog: true },
  {
    name: "new staff, by identity",
    who: "head",
    address: (cast) => `pages/head/staff/staff?venue_id=${cast.venue.venue_id}`,
    enter: async (phone, say) => {
      await press(button(phone, say("head.add")));
      await choose(dialog(phone).getByRole("radio").last());
    },
    dialog: true,
  },
  {
    name: "a member of the family",
    who: "visitor",
    address: () => "pages/family/family",
    enter: (phone) => press(personRow(phone)),
    dialog: true,
  },
  {
    name: "removal from the family",
    who: "visitor",
    address: () => "pages/family/family",
    enter: async (phone, say) => {
      await press(personRow(phone));
      await button(phone, say("own.remove")).press("Enter");
      await button(phone, say("own.remove")).and(phone.page.locator(".btn")).waitFor();
    },
    dialog: true,
  },
  {
    name: "a guardian",
    who: "visitor",
    address: () => "pages/family/family",
    before: (phone) => phone.page.route("**/v1/me/guardians", (route) => route.fulfill({ json: { items: [GUARDIAN] } })),
    enter: (phone, say) => press(button(phone, starting(say("own.acted_by", { name: GUARDIAN.name })))),
    dialog: true,
  },
  { name: "a venue's type", who: "head", address: () => "pages/head/apply/apply", enter: (phone, say) => press(button(phone, starting(say("head.type") + " "))), dialog: true },
  {
    name: "regions that do not come",
    who: "head",
    address: () => "pages/head/apply/apply",
    before: (phone) => problem(phone, "**/v1/regions*", 429, "rate_limited", { retry: 20 }),
    enter: (phone) => phone.page.getByRole("alert").first().waitFor(),
  },
];

const faults: State[] = [
  ...([
    ["home", "visitor", ""],
    ["visits", "visitor", "pages/visits/visits"],
    ["family", "visitor", "pages/family/family"],
    ["workbench", "head", "pages/head/workbench/workbench"],
    ["guard-venues", "head", "pages/guard/venues/venues"],
  ] as const).map(([page, who, address], index): State => {
    const [status, code, retry] = ([[500, "internal_error", 0], [429, "rate_limited", 30]] as const)[index % 2]!;
    return {
      name: `${page}, ${status}`,
      who,
      address: () => address,
      before: (phone) => problem(phone, "**/v1/**", status, code, { retry, method: "GET" }),
      enter: async (phone) => phone.page.locator(".note.bad").first().waitFor(),
    };
  }),
  {
    name: "scan, 403 registration required",
    who: "newcomer",
    address: (cast) => `pages/scan/scan?code=${encodeURIComponent(cast.venue.code_url)}`,
    enter: (phone, say) => button(phone, say("visitor.register")).waitFor(),
  },
  {
    name: "home, no network",
    who: "visitor",
    address: () => "",
    enter: async (phone, say) => {
      await phone.page.locator(".pass").waitFor();
      await phone.context.setOffline(true);
      await phone.page.getByText(say("common.offline")).waitFor();
    },
  },
  { name: "scan without a camera", who: "visitor", address: () => "pages/scan/scan", noCamera: true, enter: (phone, say) => phone.page.getByText(say("visitor.camera_denied")).waitFor() },
  { name: "guard's scan without a camera", who: "head", address: (cast) => `pages/guard/scan/scan?venue_id=${cast.venue.venue_id}`, noCamera: true, enter: (phone, say) => phone.page.getByText(say("visitor.camera_denied")).waitFor() },
];

const loading: State[] = [
  ["home", "visitor", ""],
  ["my", "visitor", "pages/my/my"],
  ["workbench", "head", "pages/head/workbench/workbench"],
].map(
  ([page, who, address]): State => ({
    name: `${page}, loading`,
    who: who as State["who"],
    address: () => address!,
    before: (phone) => phone.page.route("**/v1/**", () => undefined),
    enter: async (phone) => phone.page.locator(".sk").first().waitFor(),
  }),
);

const empty: State[] = (["visits/visits", "family/family", "declarations/declarations", "head/workbench/workbench", "guard/venues/venues"] as const).map((page) => ({
  name: `${page.split("/").pop()}, nothing yet`,
  who: "newcomer",
  address: () => `pages/${page}`,
  before: (phone) => changed(phone, /\/v1\/me\/(visits|dependants|declarations|venues|workplaces)/ as unknown as string, (body) => ({ ...body, items: [] })),
  enter: async (phone) => phone.page.locator(".empty").first().waitFor(),
}));

/** Forms whose button was pressed although a field is wrong. */
const wrongFields: State[] = [
  { name: "login, wrong number", who: null, address: () => "pages/login/login", enter: async (phone, say) => send(phone, say("login.send_code"), () => phone.type(say("login.phone"), "12")) },
  { name: "registration, wrong fields", who: "newcomer", address: () => "pages/registration/registration", enter: (phone, say) => send(phone, say("visitor.reg_submit")) },
  { name: "application, wrong fields", who: "head", address: () => "pages/head/apply/apply", enter: (phone, say) => send(phone, say("head.submit")) },
  {
    name: "typed serial, wrong",
    who: "visitor",
    address: () => "pages/scan/scan",
    enter: async (phone, say) => {
      await press(button(phone, say("visitor.type_serial")));
      await send(phone, say("visitor.serial_send"), () => phone.type(say("visitor.serial"), "1"));
    },
  },
  {
    name: "new staff, wrong fields",
    who: "head",
    address: (cast) => `pages/head/staff/staff?venue_id=${cast.venue.venue_id}`,
    before: (phone) => problem(phone, "**/v1/venues/*/staff", 400, "invalid_input", { method: "POST", errors: [wrongField("name"), wrongField("phone")] }),
    enter: async (phone, say) => {
      await press(button(phone, say("head.add")));
      await choose(dialog(phone).getByRole("radio").nth(1));
      await send(phone, say("head.add"), undefined, dialog(phone));
    },
  },
  {
    name: "manual check, wrong fields",
    who: "head",
    address: (cast) => `pages/guard/manual/manual?venue_id=${cast.venue.venue_id}`,
    before: (phone) => problem(phone, "**/v1/venues/*/manual-checks", 400, "invalid_input", { method: "POST", errors: [wrongField("name"), wrongField("document_number")] }),
    enter: (phone, say) => send(phone, say("guard.manual_check")),
  },
];

/** Press a form's button and wait until a field is marked as wrong. */
async function send(phone: Phone, name: string, fill?: () => Promise<void>, within?: Locator): Promise<void> {
  await fill?.();
  const control = (within ?? phone.page).getByRole("button", { name, exact: true });
  await control.focus();
  await control.press("Enter");
  await phone.page.locator("[aria-invalid=true]").first().waitFor();
}

export const FIELDS = wrongFields;
/** Those with the most words, for large text on a small screen. */
export const CROWDED: State[] = [...homes, ...sheets, ...shown, ...glances, atTheDoor, ...wrongFields];
/** Afterwards home leads this visitor to the scan that waits. */
const last: State[] = [
  {
    name: "scan, nothing recorded",
    who: "visitor",
    address: () => "pages/scan/scan",
    enter: async (phone, say) => {
      await phone.page.route("**/v1/scans", (route) => route.abort());
      await phone.press(say("visitor.type_serial"));
      await phone.type(say("visitor.serial"), "7RHYG5G075CMMCW9");
      await phone.press(say("visitor.serial_send"));
      await phone.page.getByText(say("visitor.scan_not_recorded")).waitFor();
    },
  },
];

export const STATES: State[] = [...homes, ...sheets, ...results, ...shown, ...glances, atTheDoor, ...faults, ...loading, ...empty, ...wrongFields, ...last];
