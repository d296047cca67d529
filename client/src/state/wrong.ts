import { nextTick } from "vue";

/** Put the focus on the first field that is wrong, in a browser: a screen reader reads its label and its error. */
export async function focusWrong(): Promise<void> {
  await nextTick();
  // #ifdef H5
  const fields = Array.from(document.querySelectorAll<HTMLElement>("[aria-invalid=true]"));
  fields.find((field) => field.getClientRects().length > 0 && !field.closest("[inert]"))?.focus();
  // #endif
}
