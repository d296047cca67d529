import { reactive, watch } from "vue";

import { clock, http, type Schema } from "@/api";
import { me } from "./me";
import { session } from "./session";
import { phoneStorage } from "./storage";
import { Scans } from "./written-scan";

type Screen = Schema<"Screen">;

/** Whether this start of the client has sent a scan, or taken up one that waited. */
let resumed = false;

export const scans = new Scans(
  phoneStorage,
  (request) => {
    resumed = true;
    return http.post("/v1/scans", request);
  },
  clock,
  () => session.state.personId,
);

/** Return whether a scan waits from before this start of the client; at most once. */
export function takeUp(): boolean {
  const takes = !resumed && scans.waits();
  resumed = resumed || takes;
  return takes;
}

/** What became of a scan whose page was left before its answer came; home shows it. Empty while there is none. */
export const leftScan = reactive({ scanId: "", of: "", refused: "" });

export function forgetLeft(): void {
  Object.assign(leftScan, { scanId: "", of: "", refused: "" });
}
watch(() => session.state.personId, forgetLeft, { flush: "sync" });

/** The screen that the result page shows first. */
let fresh: Screen | null = null;

export function keepScreen(screen: Screen): void {
  fresh = screen;
}

/** Return the screen of a scan if it has just come, once; else null: read it. */
export function takeScreen(scanId: string): Screen | null {
  const screen = fresh?.scan_id === scanId ? fresh : null;
  fresh = null;
  if (leftScan.scanId === scanId) forgetLeft();
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

/** How long after a declaration its colour is asked for, and how often. The registers mostly take seconds. */
const COLOUR_WITHIN_MS = 60_000;
const COLOUR_PAUSE_MS = 2_000;
const declared = reactive({ scanId: "", at: 0 });

/** Note that the visitor has declared their health, and that this scan takes the colour that follows. */
export function noteDeclared(scanId: string): void {
  Object.assign(declared, { scanId, at: Date.now() });
}

/** Return when the visitor last declared their health for this scan, by this phone's clock; 0 for never. */
export function declaredAt(scanId: string): number {
  return declared.scanId === scanId ? declared.at : 0;
}

/** Return when to ask for the screen again, because the colour that follows a declaration has not come; null if nothing waits for one. */
export function colourAfter(screen: Pick<Screen, "scan_id" | "health_code">): number | null {
  const waits = screen.health_code.state === "light_green" && Date.now() < declaredAt(screen.scan_id) + COLOUR_WITHIN_MS;
  return waits ? COLOUR_PAUSE_MS : null;
}

/** Return for whom the person scans now, as the API takes it. */
export function onBehalfOf(): string | null {
  return me.shown.id || null;
}
