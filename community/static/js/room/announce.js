// Reading out what comes, politely: one message in its words, several as a number.

import { one } from "./dom.js";
import { announced } from "./words.js";

const GATHER_MS = 1500;

export function announcer() {
  const region = one("[data-announce]");
  /** @type {{name: string, words: string}[]} */
  let gathered = [];
  let timer = 0;

  function speak() {
    timer = 0;
    const last = gathered.at(-1);
    if (!last) return;
    region.textContent = gathered.length === 1
      ? `${last.name}: ${last.words}`
      : `${gathered.length} new messages, the last from ${last.name}`;
    gathered = [];
  }

  return {
    /** @param {string} name @param {string} words */
    message(name, words) {
      gathered.push({ name, words: announced(words) });
      timer ||= setTimeout(speak, GATHER_MS);
    },
    /** @param {string} words what is worth interrupting the gathering for: a turn, a mute */
    say(words) {
      region.textContent = words;
    },
  };
}
