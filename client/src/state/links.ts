import { t } from "@/texts";
import { toast } from "./toast";

/** Open an address outside the client; a mini-program may only copy it. */
export function openLink(url: string): void {
  // #ifdef H5
  window.open(url, "_blank", "noopener");
  // #endif
  // #ifndef H5
  uni.setClipboardData({ data: url, showToast: false, success: () => toast(t("common.copied")) });
  // #endif
}
