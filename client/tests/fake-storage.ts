import type { ListedStorage } from "@/state/storage";

/** The phone went off in the middle of a step. */
export class Crash extends Error {}

/** A phone's storage, which outlives what uses it. It may stop at the n-th change: what was written before stays. */
export class FakeStorage implements ListedStorage {
  left = Infinity;
  reads = 0;
  constructor(readonly kept = new Map<string, string>()) {}
  read<T>(key: string): T | null {
    this.reads++;
    const text = this.kept.get(key);
    return text === undefined ? null : (JSON.parse(text) as T);
  }
  write(key: string, value: unknown): void {
    this.step();
    this.kept.set(key, JSON.stringify(value));
  }
  remove(key: string): void {
    this.step();
    this.kept.delete(key);
  }
  keys(prefix: string): string[] {
    return [...this.kept.keys()].filter((key) => key.startsWith(prefix));
  }
  private step(): void {
    if (this.left-- <= 0) throw new Crash();
  }
}
