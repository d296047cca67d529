import type { Schema } from "@/api";
import { t } from "@/texts";
import { date, moment } from "./moments";

type Screen = Pick<Schema<"Screen">, "health_code" | "nucleic_acid" | "vaccination" | "travel_card">;
type Row = keyof Screen;

/** What stands below an answer's word: when it was asked or made, or that nobody answered. */
export function evidenceMore(screen: Screen): { health: string; test: string; doses: string; card: string } {
  const { health_code: health, nucleic_acid: test, vaccination, travel_card: card } = screen;
  return {
    health: late(health.state) || fetched(health.fetched_at),
    test: testMore(test),
    doses: late(vaccination.state) || doses(vaccination) || fetched(vaccination.fetched_at),
    card: late(card.state) || (card.valid_until ? t("visitor.card_until", { time: moment(card.valid_until) }) : ""),
  };
}

/** What stands below the word of a nucleic acid test. */
export function testMore(test: Pick<Screen["nucleic_acid"], "state" | "observed_at" | "fetched_at">): string {
  return late(test.state) || (test.observed_at ? t("visitor.test_at", { time: moment(test.observed_at) }) : fetched(test.fetched_at));
}

/** Return the rows whose words differ, as one sentence to read out. */
export function changedRows(before: Screen, after: Screen): string {
  const names: Record<Row, string> = {
    health_code: t("evidence.health_code"),
    nucleic_acid: t("evidence.nucleic_acid"),
    vaccination: t("evidence.vaccination"),
    travel_card: t("evidence.travel_card"),
  };
  return (Object.keys(names) as Row[])
    .filter((row) => before[row].text !== after[row].text)
    .map((row) => t("visitor.row_said", { name: names[row], text: after[row].text }))
    .join(" ");
}

function late(state: string): string {
  return state === "unknown" ? t("visitor.no_answer") : "";
}

function fetched(at: string | null): string {
  return at === null ? "" : t("visitor.fetched_at", { time: moment(at) });
}

function doses({ doses: n, last_dose_on: last }: Schema<"VaccinationShown">): string {
  if (!n) return "";
  return last === null ? t("visitor.doses", { n }) : t("visitor.doses_last", { n, day: date(last) });
}
