import { joinCodeOf } from "@/api/scanned";

/** The join code that was scanned, until the page for joining has it. An address would stay in the browser's history. */
let scanned: string | null = null;

/** Keep the join code of a scanned text. Return whether it has one. */
export function keepJoinCode(text: string): boolean {
  const code = joinCodeOf(text);
  if (code === null) return false;
  scanned = code;
  return true;
}

/** Return the join code, once; null if none was scanned. */
export function takeJoinCode(): string | null {
  const code = scanned;
  scanned = null;
  return code;
}
