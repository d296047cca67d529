import { reactive } from "vue";

/** The answer to one question of a page, and what went wrong with the last try. */
export interface Answered<T> {
  /** The last answer; it stays while a later try fails, because an old answer is better than none. */
  value: T | null;
  error: unknown;
  loading: boolean;
  /** When the last answer came, in milliseconds of this phone's clock; 0 before the first. */
  at: number;
  /** Ask (again). Never throws: what fails is in `error`. */
  load(): Promise<void>;
}

/** Keep what `ask` answers. An answer to a former question, such as about another person, is dropped. */
export function useAnswer<T>(ask: () => Promise<T>): Answered<T> {
  let turn = 0;
  const state = reactive({ value: null, error: null, loading: false, at: 0, load }) as Answered<T>;

  async function load(): Promise<void> {
    const mine = ++turn;
    state.loading = true;
    try {
      const value = await ask();
      if (mine !== turn) return;
      state.value = value;
      state.error = null;
      state.at = Date.now();
    } catch (error) {
      if (mine === turn) state.error = error;
    } finally {
      if (mine === turn) state.loading = false;
    }
  }

  return state;
}
