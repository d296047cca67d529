import { reactive } from "vue";

/** Seconds until something may be done again. */
export interface Countdown {
  left: number;
  start(seconds: number): void;
  stop(): void;
}

/**
 * Return a countdown that calls `over` at its end. Call `stop` when its page goes.
 *
 * It goes by the clock: a phone that sleeps stops timers, and its person would wait again after waking.
 */
export function useCountdown(over: () => void = () => undefined, now: () => number = Date.now): Countdown {
  let timer: ReturnType<typeof setInterval> | undefined;
  let endsAt = 0;
  const state: Countdown = reactive<Countdown>({ left: 0, start, stop });

  function start(seconds: number): void {
    stop();
    state.left = Math.max(0, Math.ceil(seconds));
    if (state.left === 0) return;
    endsAt = now() + state.left * 1000;
    timer = setInterval(tick, 1000);
  }

  function tick(): void {
    // A clock that was set back makes nobody wait longer than a second at a time.
    state.left = Math.max(0, Math.min(state.left - 1, Math.round((endsAt - now()) / 1000)));
    if (state.left > 0) return;
    clearInterval(timer);
    over();
  }

  function stop(): void {
    clearInterval(timer);
    state.left = 0;
  }

  return state;
}
