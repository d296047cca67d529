/** Words of one character that lead to the next one; all others end the one before. */
const LEADING = "请請向已未不可由从從在为為对對将將把再也或和与與及去有共约約本需只先";
/** A word that dictionaries take from the one before: 工作人员. */
const ENDING = /^人[员員]$/;
const OPENING = /[\p{Ps}\p{Pi}]$/u;
const HAN = /^\p{sc=Han}/u;

let words: Intl.Segmenter | null | undefined;

/** Return what finds the words of a Chinese text, unless the browser has nothing of the kind or has no dictionary. */
function segmenter(): Intl.Segmenter | null {
  if (words !== undefined) return words;
  // A phrase longer than its line must still break, which Safari before 15.4 cannot.
  const breaks = typeof CSS === "object" && CSS.supports("overflow-wrap", "anywhere");
  words = breaks && typeof Intl === "object" && "Segmenter" in Intl ? new Intl.Segmenter("zh", { granularity: "word" }) : null;
  if (words && [...words.segment("工作人员")].length > 2) words = null;
  return words;
}

/** Return whether no line may end between these, which stand side by side in a text; `phrase` ends with `before`. */
function together(phrase: string, before: string, { segment, isWordLike }: Intl.SegmentData): boolean {
  if (OPENING.test(phrase)) return true;
  if (!isWordLike) return !OPENING.test(segment);
  if (/\d$/.test(phrase)) return true;
  // Neither a phone number nor a date has a unit.
  if (/\s$/.test(phrase)) return /(^|[^!-~])\d{1,4}\s$/.test(phrase) && HAN.test(segment);
  if (/[!-~]$/.test(phrase) && /^[!-~]/.test(segment)) return true;
  if (phrase.length === 1 || LEADING.includes(before)) return true;
  const ends = ENDING.test(segment) || (segment.length === 1 && !LEADING.includes(segment));
  return ends && !/\p{P}$/u.test(phrase);
}

/**
 * Return a Chinese text in parts between which a line may end, or null where the browser knows no words.
 *
 * Punctuation stays with what it follows, an opening bracket with what it opens, a unit with its number, and a
 * character that is a word by itself with a neighbour. Together the parts are the text.
 */
export function phrases(text: string): string[] | null {
  const found = segmenter();
  if (!found) return null;
  const parts: string[] = [];
  let before = "";
  for (const word of found.segment(text)) {
    const last = parts[parts.length - 1];
    if (last !== undefined && together(last, before, word)) parts[parts.length - 1] = last + word.segment;
    else parts.push(word.segment);
    before = word.segment;
  }
  return parts;
}
