import { reactive, watch } from "vue";

import brand from "@/brand.json";
import { http, type Schema } from "@/api";
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

/** The guard's choices on this phone: the venue, kept for a day without a network, and whether an admission goes on by itself. */
export const guard = reactive({ place: placeOf(session.state.personId), auto: phoneStorage.read<boolean>(AUTO) ?? true });

export function choosePlace(binding: Schema<"Binding">): void {
  guard.place = { id: binding.venue_id, name: binding.name };
  writeIfRoom(phoneStorage, PLACE + session.state.personId, guard.place);
}

export function setAuto(auto: boolean): void {
  guard.auto = auto;
  writeIfRoom(phoneStorage, AUTO, auto);
}

watch(
  () => session.state.personId,
  (person) => {
    workplaces.value = null;
    workplaces.error = null;
    guard.place = placeOf(person);
  },
  { flush: "sync" },
);

function placeOf(person: string | null): Place | null {
  return person === null ? null : phoneStorage.read<Place>(PLACE + person);
}

/** Choices of the temperature, with the region's limit. `none`: not measured. */
export function bands(): { value: string; label: string; hint: string }[] {
  const n = brand.fever_from;
  return [
    { value: "normal", label: t("guard.normal"), hint: t("guard.normal_hint", { n }) },
    { value: "fever", label: t("guard.fever"), hint: t("guard.fever_hint", { n }) },
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
