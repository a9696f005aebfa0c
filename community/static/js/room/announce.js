// Reading out what comes, politely: one message in its words, several as a number.

import { one } from "./dom.js";
import { announced } from "./words.js";

const GATHER_MS = 1500;

export function announcer() {
  const region = one("[data-announce]");
  /** @type {{seq: number, name: string, words: string}[]} */
  let gathered = [];
  let spoken = 0;
  let timer = 0;

  function speak() {
    timer = 0;
    const last = gathered.at(-1);
    if (!last) return;
    region.textContent = gathered.length === 1
      ? `${last.name}: ${last.words}`
      : `${gathered.length} new messages, the last from ${last.name}`;
    spoken = gathered.length === 1 ? last.seq : 0;
    gathered = [];
  }

  return {
    /** @param {number} seq @param {string} name @param {string} words */
    message(seq, name, words) {
      gathered.push({ seq, name, words: announced(words) });
      timer ||= setTimeout(speak, GATHER_MS);
    },
    /** @param {string} words what is worth interrupting the gathering for: a turn, a mute */
    say(words) {
      region.textContent = words;
    },
    /** @param {number} seq a message that is not to be read any more, nor read out */
    unsay(seq) {
      gathered = gathered.filter((each) => each.seq !== seq);
      if (spoken === seq) region.textContent = "";
    },
  };
}
