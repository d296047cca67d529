/** What the platform does with the screen. */
type Screen = Pick<typeof uni, "getScreenBrightness" | "setScreenBrightness">;

/**
 * The screen of a pass: bright while it is shown, as before afterwards.
 *
 * The platform answers later what the brightness was: a page that was left by then leaves the screen alone.
 */
export class PassLight {
  private shown = false;
  /** The brightness before the pass was shown, once it is known. */
  private before: number | null = null;

  constructor(private readonly screen: Screen) {}

  on(): void {
    this.shown = true;
    this.screen.getScreenBrightness({
      success: ({ value }) => {
        if (!this.shown) return;
        this.before ??= value;
        this.screen.setScreenBrightness({ value: 1 });
      },
    });
  }

  off(): void {
    this.shown = false;
    if (this.before === null) return;
    this.screen.setScreenBrightness({ value: this.before });
    this.before = null;
  }
}
