// How long to wait before the next try: full jitter between nothing and a ceiling that doubles from 0.5 s to 30 s.

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * @param {number} failures how many tries have failed in a row
 * @param {() => number} [random]
 * @returns {number} milliseconds
 */
export function backoff(failures, random = Math.random) {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
}
