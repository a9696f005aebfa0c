// Who is writing now. Ours is told at most every few seconds, and ends by itself.

import { one } from "./dom.js";

const TELL_MS = 3_000;
const FADE_MS = 7_000;

/**
 * @param {HTMLTextAreaElement} field
 * @param {(on: boolean) => void} tell
 * @param {import("./people.js").People} people
 * @param {() => void} grown
 */
export function typing(field, tell, people, grown) {
  const line = one("[data-typing]");
  /** @type {Map<string, number>} */
  const writers = new Map();
  let told = 0;
  let stopping = 0;

  function show() {
    const names = [...writers.keys()].filter((id) => !people.blocked.has(id)).map((id) => people.handle(id));
    line.hidden = names.length === 0;
    one("span", line).textContent =
      names.length > 2 ? "Several people are writing" : names.length ? `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} writing` : "";
    grown();
  }

  function stop() {
    clearTimeout(stopping);
    if (told) tell(false);
    told = 0;
  }

  field.addEventListener("input", () => {
    if (!field.value.trim()) {
      stop();
      return;
    }
    const now = Date.now();
    if (now - told > TELL_MS) {
      told = now;
      tell(true);
    }
    clearTimeout(stopping);
    stopping = setTimeout(stop, TELL_MS + 1000);
  });

  return {
    stop,
    heard(frame) {
      if (frame.by.id === people.me) return;
      people.meet(frame.by);
      clearTimeout(writers.get(frame.by.id));
      if (frame.on === false) writers.delete(frame.by.id);
      else writers.set(frame.by.id, setTimeout(() => {
        writers.delete(frame.by.id);
        show();
      }, FADE_MS));
      show();
    },
    /** Their words came, so they stopped. */
    done(id) {
      if (!writers.has(id)) return;
      clearTimeout(writers.get(id));
      writers.delete(id);
      show();
    },
  };
}
