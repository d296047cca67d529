import type { http, Schema } from "@/api";

type Api = Pick<typeof http, "post">;

/** A change of a venue's staff that a person confirms first. */
export type Change =
  | { what: "rotate" }
  | { what: "leave" }
  | { what: "withdraw"; invitation: Schema<"Invitation"> }
  | { what: "remove"; member: Schema<"Member"> }
  | { what: "hand_over"; member: Schema<"Member"> };

export class StaffChanges {
  constructor(
    private readonly api: Api,
    private readonly venueId: string,
  ) {}

  /**
   * Carry out a change. Return the join code that it leads to, null for others. Throws what the call throws.
   *
   * All but a new join code may be sent twice; a second new code would end the first, which may have been
   * read out to somebody.
   */
  async carryOut(change: Change): Promise<string | null> {
    const venue_id = this.venueId;
    switch (change.what) {
      case "rotate":
        return (await this.api.post("/v1/venues/{venue_id}/join-code/rotate", undefined, { path: { venue_id }, again: false })).join_code;
      case "leave":
        await this.api.post("/v1/bindings/{venue_id}/remove", undefined, { path: { venue_id } });
        break;
      case "withdraw": {
        const path = { venue_id, invitation_id: change.invitation.invitation_id };
        await this.api.post("/v1/venues/{venue_id}/invitations/{invitation_id}/withdraw", undefined, { path });
        break;
      }
      case "remove": {
        const path = { venue_id, person_id: change.member.person_id };
        await this.api.post("/v1/venues/{venue_id}/staff/{person_id}/remove", undefined, { path });
        break;
      }
      case "hand_over":
        await this.api.post("/v1/venues/{venue_id}/administrator", { person_id: change.member.person_id }, { path: { venue_id } });
    }
    return null;
  }
}

/** Return a code in groups of three, as on posters. */
export function byThree(code: string): string {
  return code.replace(/(.{3})(?=.)/g, "$1 ");
}
