import { reactive, watch } from "vue";

import { clock, http, Problem, type Answer } from "@/api";
import type { Body } from "@/api/http";
import { uuid7 } from "@/api/nonce";
import { session } from "./session";
import { phoneStorage, writeIfRoom, type Storage } from "./storage";

type Request = Body<"/v1/venues">;
type Api = Pick<typeof http, "post">;

/** What was typed into the application, field by field; names as in the API's errors. */
export interface Draft {
  "number/type": string;
  "number/value": string;
  name: string;
  type: string;
  region: string;
  street: string;
  address: string;
  "contact/name": string;
  "contact/phone": string;
}

export const EMPTY: Readonly<Draft> = {
  "number/type": "uscc",
  "number/value": "",
  name: "",
  type: "",
  region: "",
  street: "",
  address: "",
  "contact/name": "",
  "contact/phone": "",
};

interface Kept {
  personId: string;
  draft: Draft;
  /** What was sent and not answered yet: the same request goes out with the same nonce. */
  sent: Sent | null;
}
interface Sent {
  nonce: string;
  text: string;
}

const KEY = "application";

/**
 * An application for a venue's code.
 *
 * What was typed is kept on the phone until it is accepted, for the person who typed it. A resident's
 * number is a person's: an application with one is kept in memory only.
 */
export class Application {
  readonly draft = reactive<Draft>({ ...EMPTY });
  private sent: Sent | null = null;

  constructor(
    private readonly api: Api,
    private readonly storage: Storage,
    private readonly personId: () => string | null,
    private readonly now: () => number,
  ) {
    this.restore();
  }

  /** Fill in what this person typed before, and nothing of another. */
  restore(): void {
    const kept = this.storage.read<Kept>(KEY);
    if (kept !== null && kept.personId === this.personId()) {
      Object.assign(this.draft, EMPTY, kept.draft);
      this.sent = kept.sent;
      return;
    }
    this.forget();
  }

  /** Keep what is typed. */
  keep(): void {
    const personId = this.personId();
    if (personId === null) return;
    const personal = this.draft["number/type"] === "resident_id";
    const draft = personal ? { ...this.draft, "number/value": "" } : { ...this.draft };
    const kept: Kept = { personId, draft, sent: personal ? null : this.sent };
    writeIfRoom(this.storage, KEY, kept);
  }

  forget(): void {
    this.sent = null;
    Object.assign(this.draft, EMPTY);
    this.storage.remove(KEY);
  }

  /**
   * Return what the API says of each field; nothing is written by it.
   *
   * The request has no nonce, so that it is never accepted, and the API names all that is wrong.
   * Throws what the call throws if the answer is about no field.
   */
  async check(): Promise<Problem | null> {
    try {
      await this.api.post("/v1/venues", this.body() as Request, { again: false });
    } catch (error) {
      if (error instanceof Problem && error.code === "invalid_input") return error;
      throw error;
    }
    return null;
  }

  /**
   * Apply. A retry of the same application, also after the app was closed, makes no second venue.
   *
   * Throws what the call throws; what was typed stays.
   */
  async submit(): Promise<Answer<"/v1/venues", "post">> {
    const body = this.body();
    const text = JSON.stringify(body);
    if (this.sent?.text !== text) this.sent = { nonce: uuid7(this.now()), text };
    const { nonce } = this.sent;
    this.keep();
    try {
      const made = await this.api.post("/v1/venues", { ...body, nonce } as Request);
      this.forget();
      return made;
    } catch (error) {
      // Refused: nothing was made under this nonce.
      if (error instanceof Problem && error.status < 500 && error.status !== 429) {
        this.sent = null;
        this.keep();
      }
      throw error;
    }
  }

  private body(): Omit<Request, "nonce"> {
    const { draft } = this;
    return {
      number: { type: draft["number/type"] as Request["number"]["type"], value: draft["number/value"] },
      name: draft.name,
      type: draft.type as Request["type"],
      region: draft.region,
      street: draft.street,
      address: draft.address,
      contact: { name: draft["contact/name"], phone: draft["contact/phone"] },
    };
  }
}

export const application = new Application(http, phoneStorage, () => session.state.personId, () => clock.now());

watch(
  () => session.state.personId,
  () => application.restore(),
  { flush: "sync" },
);
