// Who has the room open now: a number that is a link, and the names behind it.

import { copyOf, make, one } from "./dom.js";

const GONE_MS = 5_000;

/**
 * @param {import("./people.js").People} people
 * @param {(id: string) => Node[]} buttons what can be done about a person
 */
export function presence(people, buttons) {
  const link = one("[data-here]");
  const dialog = one("#people");
  const list = one("ul", dialog);
  /** @type {Set<string>} */
  let here = new Set();
  let count = 0;

  function show() {
    link.textContent = count === 1 && here.has(people.me) ? "Only you are here" : `${count} people here`;
    if (dialog.open) fill();
  }

  function fill() {
    const ids = [...here].sort((a, b) => people.handle(a).localeCompare(people.handle(b)));
    list.replaceChildren(...ids.map((id) => {
      const li = copyOf("t-person");
      people.paint(one(".avatar", li), id);
      one("b", li).textContent = people.name(id);
      const badge = one(".badge", li);
      badge.textContent = people.badge(id);
      if (!badge.textContent) badge.remove();
      one(".btns", li).append(...(id === people.me ? [] : buttons(id)));
      return li;
    }));
    if (count > ids.length) list.append(make("li", {}, `and ${count - ids.length} more`));
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-here], [data-people]") || event.metaKey || event.ctrlKey || !count) return;
    event.preventDefault();
    fill();
    dialog.showModal();
  });

  return {
    get ids() {
      return here;
    },
    /** Anew, once it is known who is here. */
    show: () => count && show(),
    /** `moved`: told who came, and a moment later who is really gone, not merely reloading. */
    heard(frame, moved) {
      const before = here;
      for (const by of [...(frame.snap ?? []), ...(frame.join ? [frame.join] : [])]) people.know(by.id, by.handle);
      if (frame.snap) here = new Set(frame.snap.map((by) => by.id));
      else if (frame.join) here.add(frame.join.id);
      else if (frame.leave) here.delete(frame.leave.id);
      const gone = frame.leave ? [frame.leave.id] : frame.snap ? [...before].filter((id) => !here.has(id)) : [];
      for (const by of [...(frame.snap ?? []), ...(frame.join ? [frame.join] : [])]) moved(by.id, true);
      for (const id of gone) setTimeout(() => here.has(id) || moved(id, false), GONE_MS);
      count = frame.count ?? here.size;
      show();
    },
  };
}
