import { reactive, watch } from "vue";

import { http, type Schema } from "@/api";
import { session } from "./session";

/** The person who is shown and scans: a dependant, or the person who is logged in. */
export interface Shown {
  /** The dependant's id; empty for oneself. */
  id: string;
  name: string;
}

const SELF: Shown = { id: "", name: "" };

/** The profile of the person who is logged in, and whom they act for. Gone when another person logs in. */
export const me = reactive({ profile: null as Schema<"Me"> | null, shown: SELF });

watch(
  () => session.state.personId,
  () => {
    me.profile = null;
    me.shown = SELF;
  },
  { flush: "sync" },
);

/** Read the profile. Throws what the call throws; the former profile stays. */
export async function loadMe(): Promise<Schema<"Me">> {
  me.profile = await http.get("/v1/me");
  return me.profile;
}

/** Show a dependant's pass, and scan for them; `null` for oneself. Ends with the app. */
export function showPersonOf(dependant: Shown | null): void {
  me.shown = dependant ?? SELF;
}
