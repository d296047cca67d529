import { http } from "@/api";
import { scans } from "./scans";
import { session, type Session } from "./session";

interface Parts {
  login: Pick<Session, "turn" | "ended">;
  /** Tell the API. It may fail, and may never be answered. */
  tell: () => Promise<unknown>;
  /** Forget what goes with the login. */
  forget: () => void;
  after: (ms: number) => Promise<void>;
}

/** How long somebody who hands the phone over waits for the API. */
const TELL_MS = 5_000;

/**
 * End the login on this phone, whatever the API answers, which is what somebody who hands it over needs.
 *
 * Return whether it was ended: a login that was made meanwhile is not the one that the person ended.
 */
export async function endLogin({ login, tell, forget, after }: Parts): Promise<boolean> {
  const { turn } = login;
  // A login that has ended already, or that ends by itself when its refresh token does.
  await Promise.race([tell().catch(() => undefined), after(TELL_MS)]);
  if (login.turn !== turn) return false;
  forget();
  login.ended();
  return true;
}

/** Log out. A visit that waits to be sent goes with the login. */
export function logOut(): Promise<boolean> {
  return endLogin({
    login: session,
    tell: () => http.post("/v1/sessions/logout", undefined as never, { again: false, login: false }),
    forget: () => scans.forget(),
    after: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
}
