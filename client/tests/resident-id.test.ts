import { expect, test } from "vitest";

import { checkDigitFits, looksWhole } from "@/state/resident-id";
import { fieldCases } from "./field-cases";

const RIGHT = fieldCases("resident ID")
  .filter(({ expected }) => expected.status === 202)
  .map(({ input }) => (input.change as { document_number: string }).document_number);

test.each(RIGHT)("a number of the field that the API takes is not held back: %s", (number) => {
  expect(looksWhole(number) && checkDigitFits(number)).toBe(true);
});

test.each(["44098319900101001X", "44098319900101001x", "440983 19900101 001X", "４４０９８３１９９００１０１００１Ｘ", "\u202d44098319900101001X\u202c"])(
  "a right number passes on leaving the field, however it is pasted: %s",
  (number) => {
    expect(looksWhole(number) && checkDigitFits(number)).toBe(true);
  },
);

test("a wrong last sign is named while the person is still there", () => {
  expect(looksWhole("110101199001011234")).toBe(true);
  expect(checkDigitFits("110101199001011234")).toBe(false);
});

test.each(["11010119900101123", "1101011990010112345", "11010119900101123Y", "440983000101001"])("a number of another form is none: %s", (number) => {
  expect(looksWhole(number)).toBe(false);
});
