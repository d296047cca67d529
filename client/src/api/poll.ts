import { Problem, Unanswered } from "./problem";

/** Anything that says when to ask again; null if it is final. */
export interface Polled {
  poll_after_ms?: number | null;
}

export interface Polling {
  stop(): void;
}

const AFTER_FAULT_MS = 2_000;

/**
 * Ask until the answer is final, and give each answer to `show`.
 *
 * The pause is what the last answer says, every time anew. A lost answer, 429 and 5xx are asked again
 * after `Retry-After` or two seconds; `lost` is called, so that the page can say so. Any other problem
 * ends it and goes to `failed`.
 */
export function poll<T extends Polled>(parts: {
  first?: T;
  ask: () => Promise<T>;
  show: (answer: T) => void;
  failed: (problem: unknown) => void;
  lost?: () => void;
}): Polling {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let stopped = false;

  const next = (afterMs: number | null | undefined): void => {
    if (stopped || afterMs === null || afterMs === undefined) return;
    timer = setTimeout(() => void turn(), afterMs);
  };
  const turn = async (): Promise<void> => {
    try {
      const answer = await parts.ask();
      if (stopped) return;
      parts.show(answer);
      next(answer.poll_after_ms);
    } catch (error) {
      if (stopped) return;
      const waits = error instanceof Unanswered || (error instanceof Problem && (error.status === 429 || error.status >= 500));
      if (!waits) {
        parts.failed(error);
        return;
      }
      parts.lost?.();
      const said = error instanceof Problem ? error.retryAfterS : null;
      next(said === null ? AFTER_FAULT_MS : said * 1000);
    }
  };

  if (parts.first === undefined) void turn();
  else next(parts.first.poll_after_ms);
  return {
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
