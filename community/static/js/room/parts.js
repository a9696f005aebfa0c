// A long share in several messages: cut where a paragraph ends, else a line, a sentence, a word.

const ENDS = [/\n{2,}/g, /\n/g, /[.!?…]["'”’»)\]]*\s+|[。！？]["'”’»)\]]*\s*/gu, /\s+/g];

/** A cut that leaves less than this of what fits is too early for its kind. */
const ENOUGH = 0.4;

/**
 * @param {string} text
 * @param {number} most characters (code points) in one part
 * @returns {string[]} in order; together they hold every word
 */
export function inParts(text, most) {
  const parts = [];
  let rest = text.trim();
  while ([...rest].length > most) {
    const fits = [...rest].slice(0, most + 1).join("");
    const cut = ENDS.map((end) => lastEnd(fits, end, most)).find((at) => at >= fits.length * ENOUGH) ?? wholeLetters(fits, most);
    parts.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  if (rest) parts.push(rest);
  return parts;
}

/** Where the part after the last such end begins, if what stands before it fits. */
function lastEnd(text, end, most) {
  const places = [...text.matchAll(end)].map((found) => found.index + found[0].length);
  return places.reverse().find((at) => [...text.slice(0, at).trimEnd()].length <= most) ?? 0;
}

/** One long word: between letters, never between a letter and its marks. */
function wholeLetters(text, most) {
  const letters = [...text];
  let at = most;
  while (at > 1 && /^[\p{M}\u200d\ufe0f]/u.test(letters[at])) at -= 1;
  return letters.slice(0, at).join("").length;
}
