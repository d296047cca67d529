/** Vibrate once: short for what went well, long for what needs the staff. A phone that cannot stays still. */
export function vibrate(length: "short" | "long"): void {
  const quiet = { fail: () => undefined };
  // WeChat does nothing without a strength; Alipay has but one.
  const strong = { ...quiet, type: "heavy" };
  if (length === "short") uni.vibrateShort(strong);
  else uni.vibrateLong(quiet);
}
