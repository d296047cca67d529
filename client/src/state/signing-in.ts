import { http, type Schema } from "@/api";
import { session } from "./session";

/**
 * Log in and keep the session. Return whether another person than before logged in.
 *
 * Who closed the sheet, or logged out, before the answer came is not logged in by it.
 */
export async function logIn(request: Schema<"LoginRequest">): Promise<boolean> {
  const { turn } = session;
  const login = await http.post("/v1/sessions", request, { open: true, again: false });
  if (session.turn !== turn) return false;
  return session.entered(login.access_token, login.refresh_token, login.person_id);
}

/** Return whether the client runs inside WeChat's or Alipay's mini-programs. */
export function hasPlatform(): boolean {
  let platform = true;
  // #ifdef H5
  platform = false;
  // #endif
  return platform;
}
