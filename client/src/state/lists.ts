import { reactive } from "vue";

/** One page of a list of the API. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** A list that is read page by page. */
export interface List<T> {
  items: T[];
  error: unknown;
  loading: boolean;
  /** Whether the first page has come. */
  loaded: boolean;
  /** Whether there may be more: show "more", which calls `more`. */
  hasMore: boolean;
  /** Start anew. What is shown stays until the first page has come. Never throws. */
  load(): Promise<void>;
  /** Read the next page, if there is one and none is being read; after an error, the same one again. */
  more(): Promise<void>;
  /** Forget all, also what is being read: it is another person's. */
  clear(): void;
}

/** Pages read in a row that brought nothing, before the person is asked whether to go on. */
const EMPTY_PAGES = 5;

/**
 * Read a list by its cursor.
 *
 * A page may be empty although more follow (docs/api.md: `visits`, `temperatures`): up to five are read
 * in a row. What an abandoned turn still brings is dropped.
 */
export function useList<T>(ask: (cursor: string | undefined) => Promise<Page<T>>): List<T> {
  let turn = 0;
  let cursor: string | undefined;
  const state = reactive({ items: [], error: null, loading: false, loaded: false, hasMore: false, load, more, clear }) as unknown as List<T>;

  async function read(mine: number, first: boolean): Promise<void> {
    state.loading = true;
    try {
      let fresh = first;
      for (let pages = 0; pages < EMPTY_PAGES; pages++) {
        const page = await ask(cursor);
        if (mine !== turn) return;
        state.items = fresh ? page.items : [...state.items, ...page.items];
        fresh = false;
        cursor = page.next_cursor ?? undefined;
        state.hasMore = cursor !== undefined;
        state.loaded = true;
        state.error = null;
        if (page.items.length > 0 || !state.hasMore) break;
      }
    } catch (error) {
      if (mine === turn) state.error = error;
    } finally {
      if (mine === turn) state.loading = false;
    }
  }

  function load(): Promise<void> {
    cursor = undefined;
    return read(++turn, true);
  }

  async function more(): Promise<void> {
    if (state.loading) return;
    await read(++turn, cursor === undefined);
  }

  function clear(): void {
    turn++;
    cursor = undefined;
    Object.assign(state, { items: [], error: null, loading: false, loaded: false, hasMore: false });
  }

  return state;
}

/** Items of one day, in the list's order. */
export interface Day<T> {
  /** The first item's time, which names the day. */
  at: Date;
  items: T[];
}

/** Return a list, newest first, in days of this phone's zone. */
export function byDay<T>(items: readonly T[], timeOf: (item: T) => string): Day<T>[] {
  const days: Day<T>[] = [];
  for (const item of items) {
    const at = new Date(timeOf(item));
    const last = days[days.length - 1];
    if (last !== undefined && last.at.toDateString() === at.toDateString()) last.items.push(item);
    else days.push({ at, items: [item] });
  }
  return days;
}
