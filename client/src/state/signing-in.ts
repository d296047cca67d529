import { http, type Schema } from "@/api";
import { session } from "./session";

/**
 * Log in and keep the session. Return whether another person than before logged in.
 *
 * Who closed the sheet, or logged out, before the answer came is not logged in by it.
 */
export async function logIn(request: Schema<"LoginRequest">): Promise<boolean> {
  const { turn } = session;
  const login = await http.post("/v1/sessions", request, { open: true, again: false });
  if (session.turn !== turn) return false;
  return session.entered(login.access_token, login.refresh_token, login.person_id);
}

/** Return whether the client runs inside WeChat's or Alipay's mini-programs. */
export function hasPlatform(): boolean {
  let platform = true;
  // #ifdef H5
  platform = false;
  // #endif
  return platform;
}

/** Return the platform's login, with the phone of its button; `event` is what the button answered, null without a phone. */
export async function platformLogin(event: unknown): Promise<Schema<"LoginRequest">> {
  // #ifdef MP-ALIPAY
  const account = await new Promise<{ authCode: string }>((resolve, reject) =>
    my.getAuthCode({ scopes: "auth_base", success: resolve, fail: reject }),
  );
  if (event === null) return { client: "alipay", code: account.authCode };
  const sealed = await new Promise<{ response: string }>((resolve, reject) =>
    my.getPhoneNumber({ success: resolve, fail: reject }),
  );
  return { client: "alipay", code: account.authCode, phone: JSON.parse(sealed.response) as Schema<"SealedPhone"> };
  // #endif
  // #ifndef MP-ALIPAY
  const phoneCode = (event as { detail?: { code?: string } } | null)?.detail?.code ?? null;
  const { code } = await new Promise<{ code: string }>((resolve, reject) =>
    uni.login({ provider: "weixin", success: resolve, fail: (error) => reject(new Error(error.errMsg)) }),
  );
  return { client: "wechat", code, phone_code: phoneCode };
  // #endif
}
