/// <reference types="vite/client" />
/// <reference types="@dcloudio/types" />

declare module "*.vue" {
  import type { DefineComponent } from "vue";
  const component: DefineComponent<object, object, unknown>;
  export default component;
}

/** Alipay's own calls, as far as the login uses them. */
declare const my: {
  getAuthCode(options: { scopes: string; success: (answer: { authCode: string }) => void; fail: (error: unknown) => void }): void;
  getPhoneNumber(options: { success: (answer: { response: string }) => void; fail: (error: unknown) => void }): void;
};

/** WeChat's own calls that uni does not have. Older versions do not have them either. */
declare const wx: {
  checkIsOpenAccessibility?(options: { success: (answer: { open: boolean }) => void; fail: (error: unknown) => void }): void;
};
