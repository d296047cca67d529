import { expect, test } from "vitest";

import { PassLight } from "@/state/screen";

/** A screen that tells its brightness when it is asked to. */
class Screen {
  brightness = 0.4;
  private readonly asked: (() => void)[] = [];
  getScreenBrightness = (options: { success?: (answer: { value: number }) => void }): void => {
    this.asked.push(() => options.success?.({ value: this.brightness }));
  };
  setScreenBrightness = ({ value }: { value: number }): void => {
    this.brightness = value;
  };
  answer(): void {
    for (const one of this.asked.splice(0)) one();
  }
}

test("the pass is bright, and the screen as before afterwards", () => {
  const screen = new Screen();
  const light = new PassLight(screen);
  light.on();
  screen.answer();
  expect(screen.brightness).toBe(1);
  light.off();
  expect(screen.brightness).toBe(0.4);
});

test("a page that was left before the platform answered leaves the screen alone", () => {
  const screen = new Screen();
  const light = new PassLight(screen);
  light.on();
  light.off();
  screen.answer();
  expect(screen.brightness).toBe(0.4);
});

test("who comes back at once gets the former brightness in the end", () => {
  const screen = new Screen();
  const light = new PassLight(screen);
  light.on();
  light.off();
  light.on();
  screen.answer();
  expect(screen.brightness).toBe(1);
  light.off();
  light.off();
  expect(screen.brightness).toBe(0.4);
});
