/** Vibrate once: short for what went well, long for what needs the staff. A phone that cannot stays still. */
export function vibrate(length: "short" | "long"): void {
  const quiet = { fail: () => undefined };
  if (length === "short") uni.vibrateShort(quiet);
  else uni.vibrateLong(quiet);
}
