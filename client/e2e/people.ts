/** Invented people and venues, known to the sandbox; and what they do through the API alone. */

import { randomBytes, randomInt } from "node:crypto";
import { API, SANDBOX, good, send, until } from "./deployment";

const NAMES = "欧阳司马上官诸葛夏侯皇甫尉迟公孙".match(/../g)!.flatMap((family) => [..."甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"].map((given) => family + given));

/** How people are set up whose own steps are not what a test is about. */
export class Person {
  readonly phone: string;
  readonly name: string;
  readonly number: string;
  session: { person_id: string; access_token: string; refresh_token: string } | null = null;

  constructor() {
    this.phone = `+86137${digits(8)}`;
    // Rows are found by names: no two people of a file have the same.
    this.name = NAMES.splice(randomInt(NAMES.length), 1)[0]!;
    this.number = residentId();
  }

  /** The phone as people type it. */
  get typedPhone(): string {
    return this.phone.slice(3);
  }

  /** Tell the providers about the person, or change what they say. */
  async say(answers: Record<string, unknown>): Promise<this> {
    const known = { document_number: this.number, name: this.name, phone: this.phone };
    await good(send("POST", `${SANDBOX}/sandbox/people`, { ...known, ...answers }));
    return this;
  }

  request(method: string, path: string, body?: unknown): Promise<any> {
    const authorization = { Authorization: `Bearer ${this.session?.access_token}` };
    return good(send(method, API + path, body, { "Accept-Language": "zh-Hans", ...authorization }));
  }

  get(path: string): Promise<any> {
    return this.request("GET", path);
  }

  post(path: string, body: unknown = {}): Promise<any> {
    return this.request("POST", path, body);
  }

  /** Log in from WeChat: a number gets one text message a minute, which a test may need. */
  async logIn(): Promise<this> {
    const platform = await good(send("POST", `${SANDBOX}/sandbox/wechat`, { phone: this.phone }));
    const login = { client: "wechat", code: platform.code, phone_code: platform.phone_code };
    this.session = await good(send("POST", `${API}/v1/sessions`, login));
    return this;
  }

  async register(): Promise<this> {
    const entry = { document_type: "resident_id", document_number: this.number, name: this.name };
    await this.post("/v1/me/registration", { version: 0, ...entry });
    const { registration } = await until(
      () => this.get("/v1/me"),
      (me) => me.registration.verification !== "pending",
    );
    if (registration.verification !== "verified") throw new Error(JSON.stringify(registration));
    return this;
  }

  /** Return what a venue's code leads to: `venue_id`, `code`, `code_url`. */
  apply(changes: Record<string, unknown> = {}): Promise<Venue> {
    return this.post("/v1/venues", { nonce: uuid7(), ...application(), ...changes });
  }
}

/** Return a venue's poster, as its head downloads it: a picture of the page A4. */
export async function poster(head: Person, venue: Venue, form = "a4_png"): Promise<Buffer> {
  const path = `/v1/venues/${venue.venue_id}/posters`;
  const asked = await head.post(path, { form });
  const ready = await until(
    () => head.get(`${path}/${asked.poster_id}`),
    (seen) => seen.status !== "pending",
  );
  return Buffer.from(await (await fetch(ready.url)).arrayBuffer());
}

export interface Venue {
  venue_id: string;
  code: string;
  code_url: string;
  name: string;
}

/** Return a person whom the providers know: healthy, but for `answers`. */
export async function visitor(answers: Record<string, unknown> = {}): Promise<Person> {
  return new Person().say({ health_code: "green", nucleic_acid: "negative", ...answers });
}

/** Return a person who is logged in and verified, through the API. */
export async function verified(answers: Record<string, unknown> = {}): Promise<Person> {
  return (await (await visitor(answers)).logIn()).register();
}

export interface Child {
  name: string;
  document_type: "resident_id";
  document_number: string;
}

/** Return an invented child that the register of households has with `guardian`; the providers know it as healthy. */
export async function childOf(guardian: Person): Promise<Child> {
  const year = new Date().getUTCFullYear();
  const child: Child = { name: `${guardian.name.slice(0, 2)}小满`, document_type: "resident_id", document_number: residentId(year - 9, year - 2) };
  await good(send("POST", `${SANDBOX}/sandbox/people`, { ...child, health_code: "green", nucleic_acid: "negative" }));
  const adult = { name: guardian.name, document_type: "resident_id", document_number: guardian.number };
  const household = String(randomInt(1_000_000_000));
  for (const member of [adult, child]) await good(send("POST", `${SANDBOX}/sandbox/households`, { household, ...member }));
  return child;
}

/** Regions of which the tests' policies say how long a scan waits for its providers. */
export const PATIENT = { region: "370811", street: "古槐街道" };
export const HASTY = { region: "440983", street: "东镇街道" };

/** Return what a venue's head types into an application. */
export function application() {
  const number = socialCreditCode();
  return {
    name: `信宜市第${randomInt(1, 10_000)}文化馆`,
    type: "other",
    ...PATIENT,
    address: `人民路${randomInt(1, 10_000)}号`,
    number: { type: "uscc", value: number },
    contact: { name: "端木主任", phone: "+8613900000999" },
  };
}

/** Return a UUIDv7 of the present time (RFC 9562, section 5.7). */
export function uuid7(at = Date.now()): string {
  const time = at.toString(16).padStart(12, "0");
  const random = randomBytes(10).toString("hex");
  const variant = "89ab"[randomInt(4)];
  const parts = [time.slice(0, 8), time.slice(8), `7${random.slice(0, 3)}`];
  return [...parts, variant + random.slice(3, 6), random.slice(6, 18)].join("-");
}

/** Return an invented resident ID number of somebody of 信宜, who was born in these years, an adult if left out (GB 11643). */
export function residentId(from = 1960, to = 1999): string {
  const body = `440983${randomInt(from, to + 1)}${two(randomInt(1, 13))}${two(randomInt(1, 29))}${digits(3)}`;
  const sum = [...body].reduce((total, digit, place) => total + Number(digit) * (2 ** (17 - place) % 11), 0);
  return body + "10X98765432"[sum % 11];
}

/** Return an invented unified social credit code of 信宜 (GB 32100). */
function socialCreditCode(): string {
  const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  const body = `91440983MA${digits(7)}`;
  const sum = [...body].reduce((total, sign, place) => total + alphabet.indexOf(sign) * (3 ** place % 31), 0);
  return body + alphabet[(31 - (sum % 31)) % 31];
}

function digits(count: number): string {
  return String(randomInt(10 ** count)).padStart(count, "0");
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
