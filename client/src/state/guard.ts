import { reactive, watch } from "vue";

import { http } from "@/api";
import { t } from "@/texts";
import { useAnswer } from "./answers";
import type { Place } from "./door";
import type { Band } from "./queue";
import { session } from "./session";
import { phoneStorage, writeIfRoom } from "./storage";

/** The venues where the person works. */
export const workplaces = useAnswer(async () => (await http.get("/v1/bindings")).items);

const PLACE = "guard.";
const AUTO = "guard-auto";

/** A venue where the guard works, and its region's limit of fever; null from a phone that has not heard it yet. */
interface Workplace extends Place {
  feverFrom: number | null;
}

/** The guard's choices on this phone: the venue, kept for a day without a network, and whether an admission goes on by itself. */
export const guard = reactive({ place: placeOf(session.state.personId), auto: phoneStorage.read<boolean>(AUTO) ?? true });

/** Work at a venue from now on. Of a head's venue the limit of fever is known once `workplaces` is; a limit that is known stays. */
export function choosePlace(venue: { venue_id: string; name: string; fever_from_celsius?: number }): void {
  const known = guard.place?.id === venue.venue_id ? guard.place.feverFrom : null;
  guard.place = { id: venue.venue_id, name: venue.name, feverFrom: venue.fever_from_celsius ?? known };
  writeIfRoom(phoneStorage, PLACE + session.state.personId, guard.place);
}

export function setAuto(auto: boolean): void {
  guard.auto = auto;
  writeIfRoom(phoneStorage, AUTO, auto);
}

// The region may have changed its limit since the venue was chosen.
watch(
  () => workplaces.value?.find((one) => one.venue_id === guard.place?.id),
  (place) => {
    if (place !== undefined) choosePlace(place);
  },
);

watch(
  () => session.state.personId,
  (person) => {
    workplaces.value = null;
    workplaces.error = null;
    guard.place = placeOf(person);
  },
  { flush: "sync" },
);

function placeOf(person: string | null): Workplace | null {
  const kept = person === null ? null : phoneStorage.read<Place>(PLACE + person);
  return kept === null ? null : { feverFrom: null, ...kept };
}

/** Choices of the temperature, with the limit of the venue's region. `none`: not measured. */
export function bands(): { value: string; label: string; hint?: string }[] {
  const n = guard.place?.feverFrom?.toFixed(1);
  const limit = (key: "guard.normal_hint" | "guard.fever_hint"): string | undefined => (n === undefined ? undefined : t(key, { n }));
  return [
    { value: "normal", label: t("guard.normal"), hint: limit("guard.normal_hint") },
    { value: "fever", label: t("guard.fever"), hint: limit("guard.fever_hint") },
    { value: "none", label: t("guard.not_measured"), hint: t("guard.not_measured_hint") },
  ];
}

export function bandOf(value: string): Band {
  return value === "normal" || value === "fever" ? value : null;
}

/** Return the band in the API's words; empty for none. */
export function bandText(band: Band): string {
  return band === null ? "" : t(`api.temperature.${band}`);
}
