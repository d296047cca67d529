import { Unanswered } from "@/api/problem";
import { t } from "@/texts";

/** The person did not let the mini-program write to the album. */
export class AlbumDenied extends Error {}

/**
 * Save a file of the API. A browser downloads it under the name that the server says; a mini-program
 * puts a picture into the album and opens any other file, to be printed or sent on.
 *
 * Return whether it was saved and the person did not see it happen. Throws `Unanswered` if it was lost, and `AlbumDenied`.
 */
export async function download(url: string, kind: "png" | "pdf" | "zip"): Promise<boolean> {
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
  return false;
  // #endif
  // #ifndef H5
  const path = await fetched(url);
  if (kind === "png") {
    return await new Promise<boolean>((resolve, reject) =>
      uni.saveImageToPhotosAlbum({
        filePath: path,
        success: () => resolve(true),
        fail: ({ errMsg }) => reject(/auth|permission|deny|denied/i.test(errMsg) ? new AlbumDenied(t("head.album_denied")) : new Error(errMsg)),
      }),
    );
  }
  await new Promise<void>((resolve, reject) =>
    uni.openDocument({ filePath: path, showMenu: true, success: () => resolve(), fail: (error) => reject(new Error(error.errMsg)) }),
  );
  return false;
  // #endif
}

/** Fetch a file into a mini-program's temporary folder; return its path there. Throws `Unanswered`. */
export function fetched(url: string): Promise<string> {
  return new Promise((resolve, reject) =>
    uni.downloadFile({
      url,
      success: (answer) => (answer.statusCode === 200 ? resolve(answer.tempFilePath) : reject(new Unanswered("download"))),
      fail: () => reject(new Unanswered("download")),
    }),
  );
}
