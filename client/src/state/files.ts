import { fetched } from "./downloads";

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
  await new Promise<unknown>((resolve) => wx.showShareImageMenu({ path, complete: resolve }));
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
