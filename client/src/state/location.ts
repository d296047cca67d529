import { reactive, watch } from "vue";

import type { Schema } from "@/api";
import { session } from "./session";
import { phoneStorage, writeIfRoom } from "./storage";

type Location = Schema<"Location">;

const KEY = "location";

/** Whether the person lets scans carry their location; null until they were asked. */
export const locationChoice = reactive({ allowed: phoneStorage.read<boolean>(KEY) });

let found: Location | null = null;
let foundAt = 0;
const FRESH_MS = 5 * 60_000;

export function chooseLocation(allowed: boolean): void {
  locationChoice.allowed = allowed;
  writeIfRoom(phoneStorage, KEY, allowed);
  if (allowed) findLocation();
  else found = null;
}

// A person's consent is theirs: the next person is asked.
watch(
  () => session.state.personId,
  (_, before) => {
    if (before === null) return;
    locationChoice.allowed = found = null;
    phoneStorage.remove(KEY);
  },
  { flush: "sync" },
);

/** Have the platform find the place, if the person agreed, so that a scan need not wait for it. */
export function findLocation(): void {
  if (locationChoice.allowed !== true) return;
  const keep = (latitude: number, longitude: number, accuracy: number): void => {
    found = { latitude, longitude, accuracy_m: Math.round(accuracy) };
    foundAt = Date.now();
  };
  // #ifdef H5
  navigator.geolocation?.getCurrentPosition(
    ({ coords }) => keep(coords.latitude, coords.longitude, coords.accuracy),
    () => undefined,
    { timeout: 10_000, maximumAge: 60_000 },
  );
  // #endif
  // #ifndef H5
  uni.getLocation({ type: "wgs84", success: (place) => keep(place.latitude, place.longitude, Number(place.accuracy)), fail: () => undefined });
  // #endif
}

/** Return the place that was found within five minutes; null never blocks a scan. */
export function knownLocation(): Location | null {
  return locationChoice.allowed === true && found !== null && Date.now() - foundAt < FRESH_MS ? found : null;
}
