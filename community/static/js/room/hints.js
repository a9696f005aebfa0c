// A quiet word above the field to whoever has the floor: a minute is left, the time is over, one message may still go.

import { icon, make, one } from "./dom.js";
import { minutesLeft } from "./words.js";

/** The words, as panel.py has them; null when there is nothing to say. */
function hintFor(floor, now) {
  const until = floor.mine ? floor.state.turn.until : null;
  if (until) {
    const minutes = minutesLeft(until, now);
    if (minutes < 1) return ["The time is about over.", "Finish your thought; nobody is cut off."];
    return minutes === 1 ? ["About a minute is left.", "Finish when you are ready."] : null;
  }
  return floor.finishing ? ["Your turn has ended.", "What you are writing may still be sent, in one message."] : null;
}

/** @param {any} floor whose module imports this one */
export function hints(floor) {
  const region = one("[data-hint]");
  let shown = region.textContent.trim();

  return () => {
    const hint = floor.over || !floor.state ? null : hintFor(floor, Date.now());
    const words = hint ? hint.join(" ") : "";
    if (words === shown) return;
    shown = words;
    region.replaceChildren(...(hint ? [make("p", { class: "notice" }, icon("clock"), make("span", {}, make("b", {}, hint[0]), ` ${hint[1]}`))] : []));
  };
}
