import type { Schema } from "@/api";
import { chinaDate } from "./moments";

type Question = Schema<"QuestionShown">;
/** What was entered, by the questions' codes: `"true"` or `"false"` for yes and no, a list for several options. */
export type Entered = Record<string, string | string[]>;
export type Answers = Schema<"ArrivalRequest">["answers"];

/** Return the questions to show: one with `shown_if` only after a yes to that one. */
export function shownOf(questions: readonly Question[], entered: Entered): Question[] {
  const shown: Question[] = [];
  for (const question of questions) {
    const asked = question.shown_if;
    // What is hidden shows nothing either.
    if (asked === null || (entered[asked] === "true" && shown.some((one) => one.code === asked))) shown.push(question);
  }
  return shown;
}

/** Return the answers as the API takes them: of shown questions only, and without what was left empty. */
export function answersOf(questions: readonly Question[], entered: Entered): Answers {
  const answers: Answers = {};
  for (const question of shownOf(questions, entered)) {
    const value = entered[question.code];
    if (question.type === "choices") answers[question.code] = Array.isArray(value) ? value : [];
    else if (typeof value !== "string" || value.trim() === "") continue;
    else answers[question.code] = question.type === "yes_no" ? value === "true" : value.trim();
  }
  return answers;
}

/** Return the codes of shown questions that still need an answer, in their order. */
export function missingOf(questions: readonly Question[], entered: Entered): string[] {
  const answers = answersOf(questions, entered);
  return shownOf(questions, entered)
    .filter((question) => question.required && answers[question.code] === undefined)
    .map((question) => question.code);
}

const DAY_MS = 86_400_000;
/** The oldest day that an answer may name (docs/api.md, Declarations). */
const LOOKBACK_DAYS = 14;

/** Return today and the 14 days before it in China, newest first, such as `2022-04-24`. */
export function lastDays(now: number): string[] {
  return Array.from({ length: LOOKBACK_DAYS + 1 }, (_, back) => chinaDate(now - back * DAY_MS));
}
