import type { paths } from "./schema";
import { PersonChanged, Problem, Unanswered } from "./problem";
import type { Exchange, Transport } from "./transport";

type Method = "get" | "post";
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;
type Json<R> = R extends { content: { "application/json": infer B } } ? B : never;
type Success<R> = { [S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never }[keyof R];

/** The body of a success of this route. */
export type Answer<P extends keyof paths, M extends Method> = Operation<P, M> extends { responses: infer R }
  ? Success<R>
  : never;
/** The body that this route takes. */
export type Body<P extends keyof paths> = Operation<P, "post"> extends {
  requestBody?: { content: { "application/json": infer B } };
}
  ? B
  : undefined;
export type GetPath = { [P in keyof paths]: paths[P] extends { get: object } ? P : never }[keyof paths];
export type PostPath = { [P in keyof paths]: paths[P] extends { post: object } ? P : never }[keyof paths];

export interface Options {
  /** Values of the path's `{names}`. */
  path?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  /** Send without a login. */
  open?: boolean;
  /**
   * May be sent again if its answer is lost: every GET, and a POST with a nonce or a version. A POST
   * that is not to be repeated (a one-time code) says `false`.
   */
  again?: boolean;
  /** `false`: at a 401 that a refresh does not mend, throw it and ask nobody to log in. */
  login?: false;
}

/** What the HTTP client asks of the session: the tokens, and a login when they end. */
export interface Tokens {
  access(): string | null;
  /** What another tab of the browser has renewed counts. */
  refreshToken(): string | null;
  /** Who is logged in. */
  person(): string | null;
  renewed(access: string, refresh: string): void;
  /** Resolve once the same person has logged in again; reject if they did not. */
  loginNeeded(problem: Problem): Promise<void>;
}

interface Parts {
  base: string;
  transport: Transport;
  tokens: Tokens;
  language: () => string;
  wait: (ms: number) => Promise<void>;
  /** Learn whether the network is there, from whether answers come. */
  reached: (reached: boolean) => void;
  /** Learn the server's time, in milliseconds, from an answer that came at once and that no cache can have kept. */
  dated?: (serverMs: number) => void;
  /** This phone's time in milliseconds; by default its clock. */
  now?: () => number;
}

/** How often a request is sent, and how long each time. */
interface Tries {
  most: number;
  timeoutMs: number;
  /** All tries end within this time of the first; null for no such bound. */
  withinMs: number | null;
  /** Before another try: whether the request still counts. */
  counts: () => boolean;
}

const TIMEOUT_MS = 20_000;
const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 2_000;
const TRIES = 5;
/**
 * A refresh token that was used works again for 30 seconds; any later use ends the session (docs/api.md).
 * All tries of a refresh lie within 25 seconds, with room for a request that is on its way.
 */
const REFRESH = { most: TRIES, timeoutMs: 8_000, withinMs: 25_000 };
/** The date of an answer that took longer is not the present time: the phone may have been frozen meanwhile. */
const DATED_WITHIN_MS = 10_000;
const LOST = new Set([502, 503, 504]);

/**
 * The one place that talks HTTP.
 *
 * Refreshes the tokens once at 401 `token_expired`, and asks for a login at any other 401. Repeats what
 * may be repeated after a lost answer, 502, 503 and 504: after `Retry-After`, or 0.2, 0.4, 0.8 … at most
 * 2 seconds, five times in all; a refresh within 25 seconds. Throws `Problem` for any other answer and `Unanswered` if none came.
 *
 * What one person asked is never sent in another's name, nor answered to another: `PersonChanged`.
 */
export class Http {
  private renewing: Promise<void> | null = null;
  private refreshing: Promise<boolean> | null = null;

  constructor(private readonly parts: Parts) {}

  get<P extends GetPath>(path: P, options: Options = {}): Promise<Answer<P, "get">> {
    return this.send("GET", path, undefined, options) as Promise<Answer<P, "get">>;
  }

  post<P extends PostPath>(path: P, body: Body<P>, options: Options = {}): Promise<Answer<P, "post">> {
    return this.send("POST", path, body, options) as Promise<Answer<P, "post">>;
  }

  private async send(method: "GET" | "POST", path: string, body: unknown, options: Options): Promise<unknown> {
    const url = this.parts.base + filled(path, options);
    const { tokens } = this.parts;
    const person = tokens.person();
    const same = (): void => {
      if (!options.open && person !== null && tokens.person() !== person) throw new PersonChanged(path);
    };
    for (;;) {
      const access = options.open ? null : tokens.access();
      const most = options.again === false ? 1 : TRIES;
      const answer = await this.exchange(method, url, body, access, { most, timeoutMs: TIMEOUT_MS, withinMs: null, counts: () => true });
      same();
      if (answer.status < 300) return answer.body;
      const problem = new Problem(answer.status, answer.body, answer.headers["retry-after"]);
      if (answer.status !== 401 || options.open) throw problem;
      // Another call may have renewed the tokens while this one was away.
      if (tokens.access() !== access) continue;
      if (options.login === false) {
        if (!(await this.refresh(problem))) throw problem;
      } else await this.renew(problem);
      same();
    }
  }

  private async exchange(
    method: "GET" | "POST",
    url: string,
    body: unknown,
    access: string | null,
    tries: Tries,
  ): Promise<Exchange> {
    const headers: Record<string, string> = { "Accept-Language": this.parts.language() };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (access !== null) headers.Authorization = `Bearer ${access}`;
    const now = this.parts.now ?? Date.now;
    const began = now();
    let pause = FIRST_PAUSE_MS;
    for (let left = tries.most; ; left--) {
      let answer: Exchange | null = null;
      const sentAt = now();
      try {
        answer = await this.parts.transport({ method, url, headers, body, timeoutMs: tries.timeoutMs });
      } catch {
        // Whether that is the end is seen below.
      }
      const said = Number(answer?.headers["retry-after"]);
      const wait = said > 0 && said <= 30 ? said * 1000 : pause;
      const late = tries.withinMs !== null && now() + wait + tries.timeoutMs - began > tries.withinMs;
      const last = left <= 1 || late || !tries.counts();
      if (answer === null) {
        if (last) {
          this.parts.reached(false);
          throw new Unanswered("no answer");
        }
      } else {
        this.parts.reached(true);
        const date = Date.parse(answer.headers.date ?? "");
        const fresh = method === "POST" || (answer.headers["cache-control"] ?? "").includes("no-store");
        const prompt = now() - sentAt < DATED_WITHIN_MS;
        if (fresh && prompt && !Number.isNaN(date)) this.parts.dated?.(date);
        if (!LOST.has(answer.status) || last) return answer;
      }
      await this.parts.wait(wait);
      // The phone may have slept meanwhile, and another tab may have done it.
      if ((tries.withinMs !== null && now() + tries.timeoutMs - began > tries.withinMs) || !tries.counts()) throw new Unanswered("too late");
      pause = Math.min(pause * 2, LAST_PAUSE_MS);
    }
  }

  /** Renew the tokens, by a login if need be, once for all calls that wait for them. */
  private renew(problem: Problem): Promise<void> {
    this.renewing ??= this.refresh(problem)
      .then((done) => (done ? undefined : this.parts.tokens.loginNeeded(problem)))
      .finally(() => {
        this.renewing = null;
      });
    return this.renewing;
  }

  /** Refresh the tokens, once for all calls that wait for them. Return whether there are others now. */
  private refresh(problem: Problem): Promise<boolean> {
    this.refreshing ??= this.refreshed(problem).finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  private async refreshed(problem: Problem): Promise<boolean> {
    const { tokens } = this.parts;
    const access = tokens.access();
    const refresh = tokens.refreshToken();
    if (tokens.access() !== access) return true;
    if (problem.code === "token_expired" && refresh !== null) {
      const url = this.parts.base + "/v1/sessions/refresh";
      const counts = (): boolean => tokens.refreshToken() === refresh;
      let answer: Exchange;
      try {
        answer = await this.exchange("POST", url, { refresh_token: refresh }, null, { ...REFRESH, counts });
      } catch (error) {
        if (!counts()) return true;
        throw error;
      }
      // Meanwhile the person logged out or in again, or another tab renewed the tokens: these are nobody's.
      if (!counts()) return true;
      if (answer.status < 300) {
        const pair = answer.body as { access_token: string; refresh_token: string };
        tokens.renewed(pair.access_token, pair.refresh_token);
        return true;
      }
      if (answer.status !== 401) throw new Problem(answer.status, answer.body, answer.headers["retry-after"]);
    }
    return false;
  }
}

function filled(path: string, options: Options): string {
  const url = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(options.path?.[name] ?? ""));
  const query = Object.entries(options.query ?? {})
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return query.length > 0 ? `${url}?${query.join("&")}` : url;
}
