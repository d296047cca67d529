/**
 * The deployment that the tests use: a local cloud with its sandbox of partners.
 *
 * It is the one that `make run` starts, on the ports that the same variables give it. Another one is named by
 * `VENUECODE_APP`, the address of the browser build, `VENUECODE_API` and `VENUECODE_SANDBOX`. All people are
 * invented anew by each run, so that a run needs no empty deployment.
 */

const { env } = process;
const local = (port: string): string => `http://127.0.0.1:${port}`;

export const API = (env.VENUECODE_API ?? local(env.VENUECODE_CLIENT_PORT ?? "4568")).replace(/\/$/, "");
export const APP = env.VENUECODE_APP ?? `${API}/app/`;
export const SANDBOX = (env.VENUECODE_SANDBOX ?? local(env.VENUECODE_SANDBOX_PORT ?? "4567")).replace(/\/$/, "");

export interface Answer {
  status: number;
  headers: Headers;
  body: any;
}

/** Return the answer to one request; the body is parsed if it is JSON. */
export async function send(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    redirect: "manual",
  });
  const text = await answer.text();
  const isJson = /json/.test(answer.headers.get("content-type") ?? "");
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
}

/** Return the body of an answer that is no error. Throws with the API's own words. */
export async function good(asked: Promise<Answer>): Promise<any> {
  const { status, body } = await asked;
  if (status >= 400) throw new Error(`${status} ${body?.code ?? ""}: ${JSON.stringify(body)}`);
  return body;
}

/** Ask until `done`; return the last value. Throws after `seconds`. */
export async function until<T>(look: () => Promise<T>, done: (seen: T) => boolean, seconds = 30): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (Date.now() > deadline) {
      throw new Error(`still waiting after ${seconds} s: ${JSON.stringify(seen)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

type Mode = "refuse" | "hang" | "drip" | "garbage" | "error" | "busy" | "none";

/** Make a partner fail during `work`, and work again afterwards. */
export async function withFault<T>(partner: string, mode: Mode, work: () => Promise<T>): Promise<T> {
  const set = (wanted: Mode) => good(send("POST", `${SANDBOX}/sandbox/faults`, { provider: partner, mode: wanted }));
  await set(mode);
  try {
    return await work();
  } finally {
    await set("none");
  }
}

/** Return the one-time code of the last text message to `phone`. */
export async function textMessage(phone: string): Promise<string> {
  const to = encodeURIComponent(phone);
  const message = await good(send("GET", `${SANDBOX}/sandbox/inbox?to=${to}`));
  return String(message.params.code);
}
