import type { Schema } from "@/api";

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
  // #ifdef MP-WEIXIN
  const phoneCode = (event as { detail?: { code?: string } } | null)?.detail?.code ?? null;
  const { code } = await new Promise<{ code: string }>((resolve, reject) =>
    uni.login({ provider: "weixin", success: resolve, fail: (error) => reject(new Error(error.errMsg)) }),
  );
  return { client: "wechat", code, phone_code: phoneCode };
  // #endif
}
