import { clock, http, type Schema } from "@/api";
import { me } from "./me";
import { session } from "./session";
import { phoneStorage } from "./storage";
import { Scans } from "./written-scan";

type Screen = Schema<"Screen">;

export const scans = new Scans(
  phoneStorage,
  (request) => http.post("/v1/scans", request),
  clock,
  () => session.state.personId,
);

let resumed = false;

/** Return whether a scan waits that this start of the client has not taken up by itself yet; at most once. */
export function takeUp(): boolean {
  const takes = !resumed && scans.waits();
  resumed = resumed || takes;
  return takes;
}

/** The screen that the result page shows first. */
let fresh: Screen | null = null;

export function keepScreen(screen: Screen): void {
  fresh = screen;
}

/** Return the screen of a scan if it has just come, once; else null: read it. */
export function takeScreen(scanId: string): Screen | null {
  const screen = fresh?.scan_id === scanId ? fresh : null;
  fresh = null;
  return screen;
}

let place = "";

/** Keep where a scan was, for the page that goes on with it: an address would stay in the browser's history. */
export function keepPlace(name: string): void {
  place = name;
}

/** Return where the scan was that the person goes on with; empty after a reload. */
export function keptPlace(): string {
  return place;
}

/** Return for whom the person scans now, as the API takes it. */
export function onBehalfOf(): string | null {
  return me.shown.id || null;
}
