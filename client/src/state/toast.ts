import { reactive } from "vue";

export const toastState = reactive({ text: "" });
let timer: ReturnType<typeof setTimeout> | undefined;

/** Show a confirmation for four seconds. Errors never are toasts. */
export function toast(text: string): void {
  clearTimeout(timer);
  toastState.text = text;
  timer = setTimeout(() => {
    toastState.text = "";
  }, 4000);
}
