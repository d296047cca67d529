import type { components } from "./schema";

type Body = components["schemas"]["Problem"];

/** An answer of the API that is no success: `problem+json` (RFC 9457), or what a proxy made of it. */
export class Problem extends Error {
  readonly status: number;
  /** The API's stable code, or `""` for an answer that the API did not write. */
  readonly code: string;
  /** The sentence to show, in the person's language; `""` if there is none. */
  readonly detail: string;
  readonly body: Partial<Body>;
  /** Seconds until it is worth trying again; null if the server does not say. */
  readonly retryAfterS: number | null;

  constructor(status: number, body: unknown, retryAfter: string | undefined) {
    const known = isRecord(body) ? (body as Partial<Body>) : {};
    super(`${status} ${known.code ?? ""}`);
    this.status = status;
    this.code = known.code ?? "";
    this.detail = known.detail ?? "";
    this.body = known;
    const seconds = Number(retryAfter);
    this.retryAfterS = retryAfter !== undefined && Number.isFinite(seconds) ? Math.max(0, seconds) : null;
  }

  /** Return the sentence for a field by its name, such as `subject/name`; undefined if it is right. */
  field(name: string): string | undefined {
    return this.body.errors?.find((error) => error.pointer.replace(/^#?\//, "") === name)?.detail;
  }
}

/** No answer came: no network, or a lost one. Whether the request was carried out is not known. */
export class Unanswered extends Error {}

/** Another person logged in, or nobody is any more, while a call was away: its answer is nobody's here. */
export class PersonChanged extends Error {}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
