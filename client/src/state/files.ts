import { t } from "@/texts";

/** The person did not let the app write to the album. */
export class AlbumDenied extends Error {}

/**
 * Give the file behind a link to the person: a browser saves it; a mini-program opens a document, and puts a
 * picture into the album. Throws `AlbumDenied`, and anything else that the platform says.
 */
export async function saveFile(url: string, kind: "document" | "picture"): Promise<void> {
  // #ifdef H5
  // The link's answer says "attachment": the page stays.
  location.assign(url);
  // #endif
  // #ifndef H5
  const path = await fetched(url);
  if (kind === "document") {
    await new Promise((resolve, reject) =>
      uni.openDocument({ filePath: path, fileType: "pdf", showMenu: true, success: resolve, fail: (error) => reject(new Error(error.errMsg)) }),
    );
    return;
  }
  await new Promise((resolve, reject) =>
    uni.saveImageToPhotosAlbum({
      filePath: path,
      success: resolve,
      fail: (error) => reject(/auth|permission|deny|denied/i.test(error.errMsg) ? new AlbumDenied(t("head.album_denied")) : new Error(error.errMsg)),
    }),
  );
  // #endif
}

/** Return whether this platform has a sheet to share a file or a link. */
export function canShare(): boolean {
  let can = false;
  // #ifdef H5
  can = typeof navigator.share === "function";
  // #endif
  // #ifdef MP-WEIXIN
  can = true;
  // #endif
  return can;
}

/** Share the picture behind a link; where only links can be shared, the link. Closing the sheet is no error. */
export async function sharePicture(url: string, title: string): Promise<void> {
  // #ifdef H5
  try {
    await navigator.share(await shared(url, title));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
  }
  // #endif
  // #ifdef MP-WEIXIN
  const path = await fetched(url);
  const platform = uni as unknown as { showShareImageMenu(options: { path: string; complete: () => void }): void };
  await new Promise<void>((resolve) => platform.showShareImageMenu({ path, complete: resolve }));
  // #endif
}

// #ifdef H5
async function shared(url: string, title: string): Promise<ShareData> {
  try {
    const answer = await fetch(url);
    const picture = await answer.blob();
    const data = { title, files: [new File([picture], `${title}.png`, { type: "image/png" })] };
    if (answer.ok && navigator.canShare?.(data)) return data;
  } catch {
    // The files' host may not be read by scripts: the link can still be shared.
  }
  return { title, url };
}
// #endif

// #ifndef H5
function fetched(url: string): Promise<string> {
  return new Promise((resolve, reject) =>
    uni.downloadFile({
      url,
      success: (answer) => (answer.statusCode === 200 ? resolve(answer.tempFilePath) : reject(new Error(String(answer.statusCode)))),
      fail: (error) => reject(new Error(error.errMsg)),
    }),
  );
}
// #endif
