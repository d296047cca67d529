// #ifdef MP-WEIXIN
/// <reference types="miniprogram-api-typings" />
// #endif
// #ifdef MP-ALIPAY
/// <reference types="@mini-types/alipay" />
// #endif
/// <reference types="vite/client" />
/// <reference types="@dcloudio/types" />

declare module "*.vue" {
  import type { DefineComponent } from "vue";
  const component: DefineComponent<object, object, unknown>;
  export default component;
}

// #ifdef MP-WEIXIN
declare namespace WechatMiniprogram {
  interface Wx {
    /** WeChat's typings leave it out: only accounts of authorities and the like have it. */
    startFacialRecognitionVerify(options: { [given: string]: unknown; fail: (error: unknown) => void }): void;
  }
}
// #endif

// #ifdef MP
// Alipay's typings have no timers, and WeChat's none that may be undefined.
declare function setTimeout(work: () => void, ms?: number): number;
declare function setInterval(work: () => void, ms: number): number;
declare function clearTimeout(timer: number | undefined): void;
declare function clearInterval(timer: number | undefined): void;
// #endif
