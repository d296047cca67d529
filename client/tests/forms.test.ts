import { expect, test } from "vitest";

import type { Schema } from "@/api";
import { answersOf, lastDays, missingOf, shownOf } from "@/state/forms";

type Question = Schema<"QuestionShown">;
const question = (code: string, type: Question["type"], more: Partial<Question> = {}): Question => ({
  code,
  type,
  text: code,
  options: [],
  required: true,
  shown_if: null,
  ...more,
});

const HEALTH = [
  question("fever", "yes_no"),
  question("symptoms", "choices"),
  question("contact", "yes_no"),
  question("contact_on", "date", { shown_if: "contact", required: false }),
  question("risk_area", "yes_no"),
  question("risk_region", "region", { shown_if: "risk_area" }),
];
const codes = (questions: Question[]) => questions.map((one) => one.code);

test("a question is asked only after the yes that it depends on", () => {
  expect(codes(shownOf(HEALTH, {}))).toEqual(["fever", "symptoms", "contact", "risk_area"]);
  expect(codes(shownOf(HEALTH, { risk_area: "true" }))).toContain("risk_region");
  expect(codes(shownOf(HEALTH, { risk_area: "false" }))).not.toContain("risk_region");
});

test("what depends on a hidden question is hidden", () => {
  const chain = [question("a", "yes_no"), question("b", "yes_no", { shown_if: "a" }), question("c", "text", { shown_if: "b" })];
  expect(codes(shownOf(chain, { a: "false", b: "true" }))).toEqual(["a"]);
});

test("an answer that was hidden again is not sent", () => {
  const answers = answersOf(HEALTH, { fever: "false", contact: "false", risk_area: "false", risk_region: "440983", symptoms: [] });
  expect(answers).toEqual({ fever: false, contact: false, risk_area: false, symptoms: [] });
});

test("no symptom is an answer, an empty optional one is none", () => {
  expect(answersOf(HEALTH, { contact: "true", contact_on: "  " })).toEqual({ contact: true, symptoms: [] });
});

test("what is missing is named in the form's order, and optional questions are not", () => {
  expect(missingOf(HEALTH, { contact: "true", risk_area: "true" })).toEqual(["fever", "risk_region"]);
  expect(missingOf(HEALTH, { fever: "false", contact: "true", risk_area: "true", risk_region: "440983" })).toEqual([]);
});

test("the days to choose from are China's, today and fourteen before it", () => {
  const days = lastDays(Date.parse("2022-04-23T16:30:00Z"));
  expect(days[0]).toBe("2022-04-24");
  expect(days[14]).toBe("2022-04-10");
  expect(days).toHaveLength(15);
});
