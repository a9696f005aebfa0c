// The people in line: who comes next, whose link is down; and for the chair, whom to call, move or skip.

import { all, icon, make, one, quiet } from "./dom.js";

/** @param {any} floor whose module imports this one */
export function lineOf(floor) {
  const { people, act } = floor;
  const list = one(".line", floor.panel);
  const newcomers = new Set((one("[data-newcomers]")?.dataset.newcomers ?? "").split(" "));

  function menu(id, place, length) {
    const items = [];
    if (place > 0) items.push(["Call next", "turn.grant"], ["Put first", "hand.move", "first"]);
    if (place < length - 1) items.push(["Later", "hand.move", "later"]);
    items.push(["Skip this time", "hand.lower"]);
    const made = make("details", { class: "menu" },
      make("summary", {}, icon("more"), make("span", { class: "vh" }, `More on ${people.handle(id)}’s turn`)),
      make("ul", {}, ...items.map(([words, op, value]) => make("li", {}, quiet(words, () => {
        made.open = false;
        act(op, id, value);
      })))));
    return made;
  }

  function row(id, place, length) {
    const me = id === people.me;
    const avatar = make("span", { class: "avatar", "aria-hidden": "true" });
    people.paint(avatar, id);
    const name = make("span", { class: "fill" }, me ? make("b", {}, people.name(id)) : people.name(id));
    if (newcomers.has(id)) name.append(" ", make("span", { class: "badge new" }, "New here"));
    if (!me && floor.away.has(id)) name.append(make("br"), make("span", { class: "meta" }, "Link is down"));
    const li = make("li", { "data-who": id }, avatar, name);
    if (me) li.append(quiet("Step out", () => act("hand.lower")));
    else if (floor.chairs) li.append(...(place ? [] : [floor.giveButton(id, "Call")]), menu(id, place, length));
    return li;
  }

  list.addEventListener("toggle", (event) => {
    const opened = event.target;
    if (!opened.open) return;
    for (const other of all(".menu[open]", list)) if (other !== opened) other.open = false;
    one("ul", opened).scrollIntoView({ block: "nearest" });
  }, true);
  list.addEventListener("keydown", (event) => {
    const opened = event.target.closest(".menu[open]");
    if (!opened || event.key !== "Escape") return;
    opened.open = false;
    one("summary", opened).focus();
  });
  document.addEventListener("click", (event) => {
    for (const opened of all(".menu[open]", list)) if (!opened.contains(event.target)) opened.open = false;
  });

  /** What is open or has the focus stays so, wherever its person stands now. */
  return () => {
    const { queue } = floor.state;
    const focused = document.activeElement?.closest?.("[data-who]")?.getAttribute("data-who");
    const within = focused && document.activeElement.closest(".menu li") ? document.activeElement.textContent : "";
    const open = one(".menu[open]", list)?.closest("[data-who]").dataset.who;
    list.hidden = queue.length === 0;
    list.replaceChildren(...queue.map((id, place) => row(id, place, queue.length)));
    const again = open && one(`[data-who="${open}"] .menu`, list);
    if (again) again.open = true;
    if (!focused) return;
    const buttons = all(`[data-who="${focused}"] :is(button, summary)`, list);
    (buttons.find((button) => within && button.textContent === within) ?? buttons[0])?.focus();
  };
}
