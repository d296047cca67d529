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

/** Send by the platform: XMLHttpRequest, `wx.request` or `my.request`. All call `success` for any status. */
export const platformTransport: Transport = (sent) =>
  new Promise((resolve, reject) => {
    uni.request({
      url: sent.url,
      method: sent.method,
      header: sent.headers,
      data: sent.body === undefined ? undefined : (sent.body as object),
      timeout: sent.timeoutMs,
      success: (answer) => {
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries((answer.header ?? {}) as Record<string, unknown>)) {
          headers[name.toLowerCase()] = String(value);
        }
        // A proxy between us may answer status 0 or none.
        if (!answer.statusCode) reject(new Error("no status"));
        else resolve({ status: answer.statusCode, body: parsed(answer.data), headers });
      },
      fail: (error) => reject(new Error(error.errMsg)),
    });
  });

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
