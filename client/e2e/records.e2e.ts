/** What a person reads of themselves: where they were, and who looked at it. */

import { expect, it } from "vitest";
import { until } from "./deployment";
import { DECIDED } from "./guard";
import { uuid7, verified } from "./people";
import { usePhones } from "./phones";
import { text } from "./texts";

const { phoneOf } = usePhones();

it("shows a visit with its outcome, and that the staff opened its record", async () => {
  const [person, head] = [await verified({ health_code: "red" }), await verified()];
  const venue = await head.apply();
  const { scan_id } = await person.post("/v1/scans", { nonce: uuid7(), code: venue.code_url });
  const screen = await until(
    () => person.get(`/v1/scans/${scan_id}`),
    (seen) => seen.poll_after_ms === null,
  );
  const own = await phoneOf({ person });
  await own.open("pages/my/my");
  await own.press(text("own.accesses"));
  await own.page.getByText(text("own.accesses_none"), { exact: true }).waitFor();

  await until(
    () => head.get(`/v1/venues/${venue.venue_id}/scans?outcome=abnormal`),
    (seen) => seen.items.length > 0,
  );
  const staff = await phoneOf({ person: head, keep: { [`guard.${head.session!.person_id}`]: { id: venue.venue_id, name: venue.name } } });
  await staff.open("pages/guard/abnormal/abnormal");
  await staff.press(new RegExp(`${person.name[0]}\\*\\*`));
  await staff.arrives("pages/guard/outcome/outcome");
  await staff.by("heading", text("guard.glance_refuse")).waitFor(DECIDED);

  await own.press(text("common.back"));
  await own.press(text("own.visits"));
  const visit = own.page.locator(".li").filter({ hasText: venue.name });
  for (const part of [screen.outcome_text, text("api.direction.entry"), text("api.means.visitor")]) await visit.getByText(part).waitFor();
  await own.press(text("common.back"));
  await own.press(text("own.accesses"));
  const access = own.page.locator(".li").filter({ hasText: venue.name });
  await access.getByText("工作人员").waitFor();
  await expect.poll(() => access.count()).toBe(1);
});
