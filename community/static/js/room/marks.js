// What a meeting says between the messages, as marks.py has it: a part begins, someone passes, someone takes the chair.

import { one } from "./dom.js";
import { chairWords, ended } from "./words.js";

/**
 * @param {import("../live/connection.js").LogEvent} event
 * @param {import("./people.js").People} people
 * @returns {{words: string, begins: boolean} | null}
 */
export function markOf({ type, data, by }, people) {
  if (type === "phase.changed") {
    const label = one(`[data-phase="${data.phase}"]:not([data-step])`)?.dataset.label;
    return { words: data.title ?? label ?? data.phase, begins: true };
  }
  if (type !== "chair.changed" && type !== "turn.ended") return null;
  people.meet(by);
  const name = people.handle(data.member);
  const me = data.member === people.me;
  const words = type === "chair.changed" ? chairWords(name, me) : ended(data.why, name, me);
  return words ? { words, begins: false } : null;
}
