import { existsSync, readFileSync } from "node:fs";

export interface FieldCase {
  id: string;
  area: string;
  input: Record<string, unknown>;
  expected: Record<string, unknown>;
}

/** The cases from the field: beside the project, or their copy where the project stands alone. */
export function fieldCases(area: string): FieldCase[] {
  const beside = new URL("../../../shared/cases/field.json", import.meta.url);
  const copy = new URL("../../tests/cases/field.json", import.meta.url);
  const cases = JSON.parse(readFileSync(existsSync(beside) ? beside : copy, "utf8")) as FieldCase[];
  return cases.filter((one) => one.area === area);
}
