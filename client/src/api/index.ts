import { brand } from "@/state/brand";
import { network } from "@/state/network";
import { session } from "@/state/session";
import { settings } from "@/state/settings";
import { phoneStorage, writeIfRoom } from "@/state/storage";
import { Clock } from "./clock";
import { Http } from "./http";
import { apiBase, platformTransport } from "./transport";

export const clock = new Clock(Date.now, phoneStorage.read<number>("ahead") ?? 0, (ahead) => void writeIfRoom(phoneStorage, "ahead", ahead));

export const http = new Http({
  base: apiBase(brand.api),
  transport: platformTransport,
  tokens: session,
  language: () => settings.language,
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  reached: (reached) => {
    network.online = reached;
  },
  dated: (serverMs) => clock.heard(serverMs),
});

export { Problem, Unanswered } from "./problem";
export { poll, type Polling } from "./poll";
export type { Answer } from "./http";
import type { components } from "./schema";
/** A schema of the API by its name, such as `Schema<"Screen">`. */
export type Schema<N extends keyof components["schemas"]> = components["schemas"][N];
