import { phoneStorage } from "./storage";
// #ifndef H5
import * as packed from "./queue";
// #endif

type Kept = Pick<typeof import("./queue"), "queue" | "keepSending">;

/** How long somebody who logs out waits for what this phone keeps. */
const LEAVE_MS = 3_000;

/**
 * Return the queue of a guard's kept scans; null if this phone keeps none.
 *
 * Few phones keep any: a browser does not load it for the first view.
 */
async function kept(): Promise<Kept | null> {
  if (phoneStorage.keys("queue.").length === 0) return null;
  // #ifdef H5
  return await import("./queue");
  // #endif
  // #ifndef H5
  return packed;
  // #endif
}

/** Send what this phone keeps, wherever its guard is in the client: they may not be at the door again. */
export async function sendKept(): Promise<void> {
  try {
    (await kept())?.keepSending();
  } catch {
    // Without a network the queue is not loaded: it is tried at the next start, or at the door.
  }
}

/** Send what waits before the login ends, for a few seconds. Return how many of the person's scans wait still. */
export async function keptAfterSending(): Promise<number> {
  let after: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => (after = setTimeout(resolve, LEAVE_MS)));
  try {
    const own = await Promise.race([kept(), late]);
    if (!own) return 0;
    await Promise.race([own.queue.flush(), late]);
    return own.queue.waiting().length;
  } catch {
    return 0;
  } finally {
    clearTimeout(after);
  }
}
