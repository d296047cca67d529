/** What one HTTP exchange brings back, whatever its status. */
export interface Exchange {
  status: number;
  body: unknown;
  /** Names in lower case. */
  headers: Record<string, string>;
}

export interface Sent {
  method: "GET" | "POST";
  url: string;
  headers: Record<string, string>;
  body?: unknown;
  timeoutMs: number;
}

/** Sends one request. Rejects with anything if no answer came. */
export type Transport = (sent: Sent) => Promise<Exchange>;

/** What uni hands over: of Alipay's `fail`, too, if the server answered. */
interface Answered {
  statusCode?: number;
  header?: unknown;
  data?: unknown;
}

/**
 * Send by the platform: XMLHttpRequest, `wx.request` or `my.request`.
 *
 * The first two call `success` for any status; `my.request` calls `fail` for all but 2xx, with status, headers and body.
 */
export const platformTransport: Transport = (sent) =>
  new Promise((resolve, reject) => {
    uni.request({
      url: sent.url,
      method: sent.method,
      header: sent.headers,
      data: sent.body === undefined ? undefined : (sent.body as object),
      timeout: sent.timeoutMs,
      success: (answer) => {
        const found = exchanged(answer);
        if (found === null) reject(new Error("no status"));
        else resolve(found);
      },
      fail: (error) => {
        const found = exchanged(error as Answered);
        if (found === null) reject(new Error(error.errMsg));
        else resolve(found);
      },
    });
  });

/** Return the exchange, or null without a status of HTTP: a proxy between us may answer 0, and no answer has none. */
function exchanged(answer: Answered): Exchange | null {
  if (!(Number(answer.statusCode) >= 100)) return null;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries((answer.header ?? {}) as Record<string, unknown>)) {
    headers[name.toLowerCase()] = String(value);
  }
  return { status: Number(answer.statusCode), body: parsed(answer.data), headers };
}

/** Platforms parse `application/json` only; `problem+json` arrives as text on some. */
function parsed(data: unknown): unknown {
  if (typeof data !== "string") return data;
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return data;
  }
}

/** Return the API's address without a slash at its end: beside the client in a browser, else the brand's. */
export function apiBase(brandApi: string): string {
  // #ifdef H5
  return location.origin + location.pathname.replace(/\/app\/.*$|\/$/, "");
  // #endif
  // #ifndef H5
  return brandApi.replace(/\/$/, "");
  // #endif
}
