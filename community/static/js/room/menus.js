// What can be done with one message: its menu, its responses, editing it in place.

import { all, copyOf, make, one, written } from "./dom.js";
import { setBlock } from "./blocks.js";
import { ask, questions } from "./dialogs.js";

const EDIT_MS = 15 * 60_000;

/**
 * @param {object} room
 * @param {import("./messages.js").Messages} room.messages
 * @param {import("./people.js").People} room.people
 * @param {import("./floor.js").Floor} room.floor
 * @param {(op: string, target?: string | number, value?: any) => Promise<boolean>} room.act
 * @param {(seq: number) => void} room.reply
 * @param {() => void} room.blocked whom the reader blocked has changed
 * @param {(words: string) => void} room.complain
 */
export function menus({ messages, people, floor, act, reply, blocked, complain }) {
  const { list } = messages;

  /** Which items make sense for this message, now, for this member. */
  function may(li) {
    const mine = li.dataset.by === people.me;
    const shown = one(".read", li) !== null;
    const order = floor.can("moderate");
    const role = people.known.get(li.dataset.by)?.role;
    const restrain = order && !mine && role !== "facilitator" && (role !== "moderator" || floor.chairs);
    return {
      reply: shown && floor.writing().allowed,
      react: shown && floor.can("react"),
      copy: true,
      edit: shown && mine && Date.now() - Date.parse(li.dataset.at) < EDIT_MS && floor.can("write"),
      take: shown && mine,
      block: !mine && !people.blocked.has(li.dataset.by),
      unblock: people.blocked.has(li.dataset.by),
      hide: shown && !mine && order,
      restore: !shown && order && !("taken" in li.dataset),
      mute: restrain,
      remove: restrain,
    };
  }

  function fill(menu, li) {
    const ul = copyOf("t-menu");
    const allowed = may(li);
    for (const button of all("[data-do]", ul)) if (!allowed[button.dataset.do]) button.parentElement.remove();
    const said = new Set(all('.said [aria-pressed="true"]', li).map((button) => button.dataset.kind));
    for (const button of all("[data-kind]", ul)) button.setAttribute("aria-pressed", String(said.has(button.dataset.kind)));
    one("ul", menu).replaceWith(ul);
  }

  list.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.(".menu") || !menu.open) return;
    for (const other of all(".menu[open]", list)) if (other !== menu) other.open = false;
    turn(menu);
  }, true);

  /** Downwards, unless the dock is in the way. */
  function turn(menu) {
    menu.classList.remove("up");
    menu.classList.add("down");
    const room = one(".dock").getBoundingClientRect().top;
    const { top, bottom, height } = one("ul", menu).getBoundingClientRect();
    const up = bottom > room && menu.getBoundingClientRect().top - height > 120;
    menu.classList.toggle("up", up);
    menu.classList.toggle("down", !up);
    if (!up && bottom > room) scrollBy(0, Math.min(bottom - room, top - 160));
  }

  function close(menu, focus = true) {
    menu.open = false;
    if (focus) one("summary", menu).focus();
  }

  document.addEventListener("click", (event) => {
    for (const menu of all(".menu[open]", list)) if (!menu.contains(event.target)) menu.open = false;
  });

  list.addEventListener("keydown", (event) => {
    const menu = event.target.closest(".menu[open]");
    if (menu) steer(event, menu);
    else walk(event);
  });

  function steer(event, menu) {
    const items = all("summary, li:not([hidden]) .btn", menu);
    const at = items.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") close(menu);
    else if (step) items[(at + step + items.length) % items.length].focus();
    else return;
    event.preventDefault();
  }

  /** Arrow up and down go from message to message, on the button of its menu. */
  function walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!step || !event.target.matches(".menu > summary")) return;
    const stops = all(".menu > summary", list);
    const to = Math.min(Math.max(stops.indexOf(event.target) + step, 0), stops.length - 1);
    stops[to].focus();
    stops[to].closest(".msg").scrollIntoView({ block: "nearest" });
    event.preventDefault();
  }

  list.addEventListener("click", (event) => {
    const opening = event.target.closest(".menu:not([open]) > summary");
    // At once, not at "toggle": the next key may come before that.
    if (opening) fill(opening.parentElement, opening.closest(".msg"));
    const button = event.target.closest("button");
    const li = button?.closest(".msg[data-by]");
    if (!li) return;
    if (button.dataset.kind) {
      event.preventDefault();
      respond(li, button);
    } else if (button.dataset.do) {
      const menu = button.closest(".menu");
      if (button.dataset.do === "react") offer(menu);
      else {
        close(menu);
        does[button.dataset.do](li, menu);
      }
    }
  });

  function offer(menu) {
    for (const item of all("li", menu)) item.hidden = !one("[data-kind]", item);
    one("[data-kind]", menu).focus();
  }

  async function respond(li, button) {
    const menu = button.closest(".menu");
    if (menu) close(menu);
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-busy", "true");
    await act("reaction.set", messages.seq(li), { kind: button.dataset.kind, on });
    button.removeAttribute("aria-busy");
  }

  const does = {
    reply: (li) => reply(messages.seq(li)),
    copy: async (li, menu) => {
      const link = new URL(`?before=${messages.seq(li) + 1}#${li.id}`, location.href.split("#")[0]).href;
      const words = one(".vh", menu);
      const before = words.textContent;
      try {
        await navigator.clipboard.writeText(link);
        words.textContent = "Link copied";
      } catch {
        location.hash = li.id;
      }
      setTimeout(() => (words.textContent = before), 3000);
    },
    edit: (li) => edit(li),
    take: async (li) => (await ask(questions.take())) && act("message.hide", messages.seq(li)),
    hide: async (li) => {
      const answer = await ask(questions.hide(people.handle(li.dataset.by)));
      if (answer) act("message.hide", messages.seq(li), answer.reason);
    },
    restore: (li) => act("message.restore", messages.seq(li)),
    block: (li) => block(li.dataset.by),
    unblock: (li) => setBlocked(li.dataset.by, false),
    mute: (li) => restrict.mute(li.dataset.by),
    remove: (li) => restrict.remove(li.dataset.by),
  };

  async function block(id) {
    if (await ask(questions.block(people.handle(id)))) await setBlocked(id, true);
  }

  /** The page need not wait for the link to say so. */
  async function setBlocked(id, on) {
    if (!(await setBlock(id, on))) {
      complain("That was not done: the link is down. Try again when it is back.");
      return;
    }
    if (on) people.blocked.add(id);
    else people.blocked.delete(id);
    blocked();
  }

  const restrict = {
    async mute(id) {
      const answer = await ask(questions.mute(people.handle(id)));
      if (answer) await act("member.mute", id, answer);
    },
    async remove(id) {
      const answer = await ask(questions.remove(people.handle(id)));
      if (answer) await act("member.remove", id, { reason: answer.reason });
    },
  };

  function edit(li) {
    const read = one(".read", li);
    if (one(".edit", li)) return;
    const form = copyOf("t-edit");
    const field = one("textarea", form);
    field.value = written(read);
    read.hidden = true;
    read.after(form);
    if (li.closest("details")) li.closest("details").open = true;
    const fold = read.closest(".cn");
    if (fold) fold.open = true;
    field.focus();
    const back = () => {
      form.remove();
      read.hidden = false;
      one(".menu summary", li)?.focus();
    };
    one("[data-cancel]", form).addEventListener("click", back);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") back();
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) form.requestSubmit();
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text) {
        const wrong = one(".wrong", form);
        one("span", wrong).textContent = "There are no words left. To remove the message, take it back.";
        wrong.hidden = false;
        return;
      }
      if (text === written(read).trim() || (await act("message.edit", messages.seq(li), text))) back();
    });
  }

  return restrict;
}

/** Make what only scripts can do with the menus known to the page. */
export const keysHelp = () =>
  make("p", { class: "vh" }, "In the list of messages, arrow up and arrow down go from one message’s menu to the next.");
