import { Unanswered } from "@/api/problem";
import { t } from "@/texts";

/** The person did not let the mini-program write to the album. */
export class AlbumDenied extends Error {}

/** How the platforms say so: WeChat in English, Alipay in Chinese. */
const DENIED = /auth|permission|deny|denied|权限|授权/i;

/**
 * Save a file of the API. A browser downloads it under the name that the server says. A mini-program puts a
 * picture into the album and opens a PDF, to be printed or sent on; it can do nothing with a ZIP, so that it
 * copies the link for a browser.
 *
 * Return what the person did not see happen. Throws `Unanswered` if it was lost, and `AlbumDenied`.
 */
export async function download(url: string, kind: "png" | "pdf" | "zip"): Promise<"seen" | "saved" | "copied"> {
  // #ifdef H5
  void kind;
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.rel = "noopener noreferrer";
  // The link says `attachment`, so that the page stays.
  document.body.appendChild(link);
  link.click();
  link.remove();
  return "seen";
  // #endif
  // #ifndef H5
  if (kind === "zip") {
    await new Promise<void>((resolve, reject) =>
      uni.setClipboardData({ data: url, showToast: false, success: () => resolve(), fail: (error) => reject(new Error(error.errMsg)) }),
    );
    return "copied";
  }
  const path = await fetched(url);
  if (kind === "png") {
    return await new Promise<"saved">((resolve, reject) =>
      uni.saveImageToPhotosAlbum({
        filePath: path,
        success: () => resolve("saved"),
        fail: ({ errMsg }) => reject(DENIED.test(errMsg) ? new AlbumDenied(t("head.album_denied")) : new Error(errMsg)),
      }),
    );
  }
  await new Promise<void>((resolve, reject) =>
    // Alipay asks for the type, and the path that WeChat gives may have none.
    uni.openDocument({ filePath: path, fileType: "pdf", showMenu: true, success: () => resolve(), fail: (error) => reject(new Error(error.errMsg)) }),
  );
  return "seen";
  // #endif
}

/** Fetch a file into a mini-program's temporary folder; return its path there. Throws `Unanswered`. */
export function fetched(url: string): Promise<string> {
  return new Promise((resolve, reject) =>
    uni.downloadFile({
      url,
      // WeChat keeps an error's text as a file, too; Alipay says no status, and calls `fail`.
      success: (answer) => ((answer.statusCode ?? 200) === 200 ? resolve(answer.tempFilePath) : reject(new Unanswered("download"))),
      fail: () => reject(new Unanswered("download")),
    }),
  );
}
