import { poll, type http, type Polling, type Schema } from "@/api";

type Api = Pick<typeof http, "get" | "post">;

export type PosterCode = NonNullable<Schema<"PosterRequest">["code"]>;
export type PosterForm = Schema<"PosterRequest">["form"];

/** The poster could not be rendered. */
export class PosterFailed extends Error {}

/** A poster that is being made. */
export interface Making {
  /** A link to the file, good for about 15 minutes. Never settles after `stop`. */
  link: Promise<string>;
  stop(): void;
}

/**
 * Ask for a poster and wait until it is rendered.
 *
 * The same poster is rendered once: asked again, it is there at once with a new link. So nobody need know
 * when a link ends. The first poster of a fast or join code makes that code.
 */
export function makePoster(api: Api, venueId: string, code: PosterCode, form: PosterForm): Making {
  let stopped = false;
  let polling: Polling | null = null;
  const path = { venue_id: venueId };

  const link = new Promise<string>((resolve, reject) => {
    const settle = (poster: Schema<"Poster">): boolean => {
      if (poster.status === "pending") return false;
      if (poster.status === "ready" && poster.url) resolve(poster.url);
      else reject(new PosterFailed(poster.poster_id));
      return true;
    };
    const asked = async (): Promise<void> => {
      if (code === "fast") await api.post("/v1/venues/{venue_id}/fast-code", undefined, { path });
      if (code === "join") await api.get("/v1/venues/{venue_id}/join-code", { path });
      const first = await api.post("/v1/venues/{venue_id}/posters", { code, form }, { path });
      if (stopped || settle(first)) return;
      polling = poll({
        first,
        ask: () => api.get("/v1/venues/{venue_id}/posters/{poster_id}", { path: { ...path, poster_id: first.poster_id } }),
        show: settle,
        failed: reject,
      });
    };
    asked().catch((error: unknown) => {
      if (!stopped) reject(error);
    });
  });
  return {
    link,
    stop() {
      stopped = true;
      polling?.stop();
    },
  };
}
