/**
 * Says whether a code has just come into view. A code that stays in view is new again only after it has
 * been out of sight for three seconds, so that one pass held before the camera is one scan.
 */
export class FirstSight {
  private readonly seen = new Map<string, number>();

  constructor(
    private readonly now: () => number = Date.now,
    private readonly quietMs = 3_000,
  ) {}

  isNew(text: string): boolean {
    const at = this.now();
    for (const [known, last] of this.seen) {
      if (at - last >= this.quietMs) this.seen.delete(known);
    }
    const fresh = !this.seen.has(text);
    this.seen.set(text, at);
    return fresh;
  }

  /** A code that is in view now is new again. */
  forget(): void {
    this.seen.clear();
  }
}
