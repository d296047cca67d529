import { reactive } from "vue";

import type { Tokens } from "@/api/http";
import type { Problem } from "@/api/problem";
import { phoneStorage, writeIfRoom, type Storage } from "./storage";

interface Login {
  access: string;
  refresh: string;
  personId: string;
}

export class LoginDeclined extends Error {}

/**
 * The login of this phone, and calls that wait for a new one.
 *
 * `asking` is true while a call waits: the page shows the login over itself, and input and scanned
 * codes stay. After a login of another person nothing of the former one may go on: their calls fail.
 */
export class Session implements Tokens {
  readonly state = reactive({ personId: null as string | null, asking: false, reason: "" });
  /** Counts logins and log-outs, not renewals: whether it is still the same login. */
  turn = 0;
  private login: Login | null;
  /** Whether the storage has this login; a full or closed one has not, and the login ends with the tab. */
  private kept = true;
  private waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(private readonly storage: Storage) {
    this.login = this.stored();
    this.state.personId = this.login?.personId ?? null;
  }

  access(): string | null {
    return this.login?.access ?? null;
  }

  refreshToken(): string | null {
    // A mini-program has no tabs, and a storage that cannot be read just now is no log-out.
    // #ifdef H5
    this.reread();
    // #endif
    return this.login?.refresh ?? null;
  }

  person(): string | null {
    return this.state.personId;
  }

  renewed(access: string, refresh: string): void {
    if (this.login !== null) this.keep({ ...this.login, access, refresh });
  }

  loginNeeded(problem: Problem): Promise<void> {
    this.state.asking = true;
    this.state.reason = problem.detail;
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** Keep a new login, and let the calls go on that wait for it. Return whether the person changed. */
  entered(access: string, refresh: string, personId: string): boolean {
    const changed = this.state.personId !== null && this.state.personId !== personId;
    this.turn++;
    this.keep({ access, refresh, personId });
    this.finish(changed ? new LoginDeclined("another person logged in") : null);
    return changed;
  }

  /**
   * Take over what another tab of the browser did: renewed tokens, a log-out, a login of another person.
   *
   * A refresh token works once, and whose login it is must not depend on the tab. Return whether the
   * person changed.
   */
  reread(): boolean {
    if (!this.kept) return false;
    const login = this.stored();
    const before = this.login;
    if (login?.access === before?.access && login?.personId === before?.personId) return false;
    const changed = login?.personId !== before?.personId;
    if (changed) this.turn++;
    this.login = login;
    this.state.personId = login?.personId ?? null;
    this.finish(changed && before !== null ? new LoginDeclined("the login changed in another tab") : null);
    return changed;
  }

  /** Forget the login. Calls that wait fail. */
  ended(): void {
    this.turn++;
    this.login = null;
    this.state.personId = null;
    this.kept = true;
    this.storage.remove("login");
    this.finish(new LoginDeclined("logged out"));
  }

  /** Return the login that the storage has; what an earlier version or somebody else has left there is none. */
  private stored(): Login | null {
    const login = this.storage.read<Partial<Login>>("login");
    const whole = [login?.access, login?.refresh, login?.personId].every((part) => typeof part === "string" && part !== "");
    return whole ? (login as Login) : null;
  }

  private keep(login: Login): void {
    this.login = login;
    this.state.personId = login.personId;
    this.kept = writeIfRoom(this.storage, "login", login);
  }

  private finish(error: Error | null): void {
    this.state.asking = false;
    this.state.reason = "";
    const waiting = this.waiting;
    this.waiting = [];
    for (const call of waiting) {
      if (error === null) call.resolve();
      else call.reject(error);
    }
  }
}

export const session = new Session(phoneStorage);
