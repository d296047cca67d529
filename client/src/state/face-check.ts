import { reactive } from "vue";

import { clock, http, poll, type Polling, type Schema } from "@/api";

/** Whose face is checked; null for one's own. */
export type Subject = Schema<"CheckSubject"> | null;

/** A check of a face: started, carried out at the service that checks it, and asked for until it ends. */
export interface FaceCheck {
  status: "none" | Schema<"IdentityCheck">["status"];
  /** The service's page, to be opened by a tap of the person: browsers block what opens by itself. */
  url: string;
  error: unknown;
  /** No answer came to the last question; it is asked again. */
  lost: boolean;
  start(subject: Subject): Promise<void>;
  stop(): void;
}

/** Return a check that calls `passed` with its id. Call `stop` when the page goes. */
export function useFaceCheck(passed: (checkId: string) => void): FaceCheck {
  let polling: Polling | null = null;
  /** Counts starts and stops: a start whose page has gone, or whose person was changed, ends quietly. */
  let turn = 0;
  const state: FaceCheck = reactive<FaceCheck>({ status: "none", url: "", error: null, lost: false, start, stop });

  async function start(subject: Subject): Promise<void> {
    stop();
    const mine = turn;
    state.error = null;
    state.lost = false;
    try {
      const first = await clock.withNonce((nonce) => http.post("/v1/me/identity-checks", { nonce, method: "face", subject }));
      if (mine !== turn) return;
      state.url = first.redirect_url ?? "";
      show(first);
      polling = poll({
        first,
        ask: () => http.get("/v1/me/identity-checks/{identity_check_id}", { path: { identity_check_id: first.check_id } }),
        show,
        failed: (error) => (state.error = error),
        lost: () => (state.lost = true),
      });
      if (first.sdk) startSdk(first.sdk, (error) => mine === turn && broken(error));
    } catch (error) {
      if (mine === turn) state.error = error;
    }
  }

  function show(check: Schema<"IdentityCheck">): void {
    state.lost = false;
    state.status = check.status;
    if (check.status === "passed") passed(check.check_id);
  }

  /** The service's SDK did not start, or the person left it: they may start again. */
  function broken(error: unknown): void {
    stop();
    state.error = error;
  }

  function stop(): void {
    turn++;
    polling?.stop();
    polling = null;
    state.status = "none";
    state.url = "";
  }

  return state;
}

/**
 * Start the service's SDK in a mini-program.
 *
 * `sdk` has what the region's service wants (docs/providers.md, Identity checks): Alipay's own one takes
 * `certifyId` and `url`. A region with another service starts it here. `fail` is called if it comes to nothing.
 */
function startSdk(sdk: Record<string, string>, fail: (error: unknown) => void): void {
  // #ifdef MP-ALIPAY
  void my.startAPVerify({ ...(sdk as { certifyId: string; url: string }), fail });
  // #endif
  // #ifdef MP-WEIXIN
  wx.startFacialRecognitionVerify({ ...sdk, fail });
  // #endif
  void [sdk, fail];
}
