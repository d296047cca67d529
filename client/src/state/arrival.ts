import { launchCode } from "@/api/scanned";

/**
 * The code with which the client was opened, until its scan was sent: it outlives a login and a
 * registration on the way. In memory only: a person who closes the client is no longer at the door.
 */
let arrived: string | null = null;
/** The last code that the client was opened with, sent or not. */
let noted: string | null = null;

/** Keep the code among launch parameters, if there is one. */
export function noteLaunch(query: Record<string, unknown> | undefined): void {
  arrived = launchCode(query) ?? arrived;
  noted = arrived ?? noted;
}

/**
 * Keep the code with which a running client was shown again, unless it is the last one: Alipay may say the
 * launch's parameters at each return to the front, and a phone that is unlocked is no visit.
 */
export function noteShown(query: Record<string, unknown> | undefined): void {
  if (launchCode(query) !== noted) noteLaunch(query);
}

export function hasArrived(): boolean {
  return arrived !== null;
}

/** Return the code, once. */
export function takeArrival(): string | null {
  const code = arrived;
  arrived = null;
  return code;
}
