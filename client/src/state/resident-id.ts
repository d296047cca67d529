/** What a form can say of a resident ID number while it is typed; the API checks everything else. */

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

function plain(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u2010-\u2015\u2212-]/g, "")
    .toUpperCase();
}

/** Return whether a text has the 17 digits and the last sign of a number. */
export function looksWhole(text: string): boolean {
  return /^\d{17}[\dX]$/.test(plain(text));
}

/** Return whether the last sign fits the others (GB 11643, ISO 7064 MOD 11-2). */
export function checkDigitFits(text: string): boolean {
  const number = plain(text);
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(number[i]), 0);
  return "10X98765432"[sum % 11] === number[17];
}
