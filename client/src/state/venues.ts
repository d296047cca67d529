import { computed, ref, watch } from "vue";

import { http, type Schema } from "@/api";
import { useAnswer } from "./answers";
import { session } from "./session";
import { settings } from "./settings";
import { phoneStorage, writeIfRoom } from "./storage";

/** The venues that the person administers, in the order of their names: of the chosen language, whatever the phone's is. */
export const myVenues = useAnswer(async () => {
  const { items } = await http.get("/v1/venues");
  return items.sort((one, other) => one.name.localeCompare(other.name, settings.language));
});

const chosen = ref(phoneStorage.read<string>("venue") ?? "");

/** The venue that the pages of its head are about: the one chosen last, else the first; null if there is none. */
export const venue = computed<Schema<"Venue"> | null>(
  () => myVenues.value?.find((one) => one.venue_id === chosen.value) ?? myVenues.value?.[0] ?? null,
);

export function chooseVenue(venueId: string): void {
  chosen.value = venueId;
  writeIfRoom(phoneStorage, "venue", venueId);
}

/** Take in a venue that was just made, and choose it. */
export function addVenue(made: Schema<"Venue">): void {
  // A list that was never read is read when a page needs it.
  if (myVenues.value !== null) myVenues.value = [...myVenues.value.filter((one) => one.venue_id !== made.venue_id), made];
  chooseVenue(made.venue_id);
}

// Another person's venues are not this one's.
watch(
  () => session.state.personId,
  () => {
    myVenues.value = null;
    myVenues.error = null;
    chosen.value = "";
    phoneStorage.remove("venue");
  },
  { flush: "sync" },
);
