// The list of messages: makes each as the server would, groups them, and applies what happens to them later.

import { cover, uncover } from "./blocks.js";
import { all, copyOf, icon, make, one, written } from "./dom.js";
import { shortened } from "./words.js";

const TOGETHER_MS = 5 * 60_000;
const MOST_KEPT = 600;

/** @typedef {import("../live/connection.js").LogEvent} LogEvent */

export class Messages {
  /**
   * @param {HTMLElement} box the log
   * @param {import("./people.js").People} people
   * @param {any} times
   * @param {{keepsOrder: boolean}} may
   */
  constructor(box, people, times, may) {
    this.list = one("ol", box);
    this.box = box;
    this.people = people;
    this.times = times;
    this.may = may;
    /** The log's seq as of which the page's own messages stand. */
    this.asOf = 0;
    for (const li of all(".msg[data-by]", this.list)) {
      const name = one(".who b", li);
      if (name && name.textContent !== "You") this.people.know(li.dataset.by, name.textContent);
    }
  }

  /** @param {number} seq */
  find(seq) {
    return one(`#m${seq}`, this.list);
  }

  seq(li) {
    return Number(li.id.slice(1));
  }

  get last() {
    return all(".msg[data-by]", this.list).at(-1);
  }

  clear() {
    this.list.replaceChildren(...all("[data-key]", this.list));
  }

  /** What a reply shows of the message it answers. */
  quote(seq) {
    const li = this.find(seq);
    if (!li) return { href: `?before=${seq + 1}#m${seq}`, words: "To an earlier message" };
    const href = `#m${seq}`;
    const id = li.dataset.by;
    const read = one(".read", li);
    if (!read || this.people.blocked.has(id)) return { href, words: "To a message that is not shown" };
    const name = id === this.people.me ? "you" : this.people.handle(id);
    if (li.dataset.note) return { href, words: `To ${name} (content note: ${li.dataset.note})` };
    return { href, words: `To ${name}: “${shortened(written(read))}”` };
  }

  /** A `message.posted`: the new element, or null when it is on the page already. */
  posted(/** @type {LogEvent} */ event) {
    if (this.find(event.seq)) return null;
    this.people.meet(event.by);
    const li = this.#make(event);
    const above = this.last;
    const before = this.#placeFor(event.seq);
    this.list.insertBefore(li, before);
    if (!above || this.times.day(above.dataset.at) !== this.times.day(event.at)) this.#dayBreak(li);
    this.regroup(li);
    one("[data-empty]", this.box)?.remove();
    return li;
  }

  /** A line between the messages, a heading when it `begins` what follows. */
  mark(seq, { words, begins }) {
    if (one(`#e${seq}`, this.list)) return;
    const li = make("li", { class: `${begins ? "break" : "gist"} stage`, id: `e${seq}` }, begins ? make("h2", { class: "side" }, words) : words);
    this.list.insertBefore(li, this.#placeFor());
  }

  /** New messages stand before those that still wait to be sent. */
  #placeFor() {
    return one("[data-key]", this.list);
  }

  #dayBreak(li) {
    const title = make("h2", { class: "side" }, this.times.dayName(li.dataset.at));
    li.before(make("li", { class: "break day-break" }, title));
  }

  #make(event) {
    const { data } = event;
    const id = event.by?.id ?? "";
    const li = copyOf("t-msg");
    li.id = `m${event.seq}`;
    li.dataset.by = id;
    li.dataset.at = event.at;
    li.removeAttribute("data-note");
    if (event.key && id === this.people.me) li.dataset.sentKey = event.key;
    if (data.hidden) {
      this.#bury(li, this.#gone(event.by, data), data.why === "author");
      return li;
    }
    this.#head(li);
    this.#labelMenu(li);
    const re = one(".re", li);
    if (data.reply_to) {
      const { href, words } = this.quote(data.reply_to);
      re.href = href;
      re.textContent = words;
    } else re.remove();
    this.#words(li, data.html, data.note);
    one(".said", li)?.remove();
    one(".state", li).remove();
    if (data.edited_at) this.#edited(li, data.edited_at);
    if (this.people.blocked.has(id)) cover(li);
    return li;
  }

  #head(li, id = li.dataset.by) {
    const who = one(".who", li);
    this.people.paint(one(".avatar", who), id, true);
    one("b", who).textContent = id === this.people.me ? "You" : this.people.handleOf(id);
    const badge = one(".badge", who);
    if (badge) {
      badge.textContent = this.people.badge(id);
      if (!badge.textContent) badge.remove();
    }
    one(".when", who).href = `#${li.id}`;
    const time = one("time", who);
    time.dateTime = li.dataset.at;
    time.textContent = this.times.clock(li.dataset.at);
  }

  #labelMenu(li) {
    const id = li.dataset.by;
    const whose = id === this.people.me ? "your" : `${this.people.handle(id)}’s`;
    one(".menu .vh", li).textContent = this.people.blocked.has(id) ? "More on this message" : `More on ${whose} message`;
  }

  #words(li, html, note) {
    const fold = one(".cn", li);
    const read = one(".read", li);
    read.innerHTML = html;
    if (note) li.dataset.note = note;
    if (note) one("summary span", fold).textContent = `Content note: ${note}`;
    else fold.replaceWith(read);
  }

  /** Continue the message above, or stand with a name of its own: decided by what is above now. */
  regroup(li) {
    if (!li || !one(".read", li) || !li.dataset.by || li.matches(".covered")) return;
    const above = li.previousElementSibling;
    const on =
      above?.matches(".msg[data-by]") && above.dataset.by === li.dataset.by && one(".read", above) !== null && !above.matches(".covered") &&
      Date.parse(li.dataset.at) - Date.parse(above.dataset.at) <= TOGETHER_MS;
    if (on === li.classList.contains("on") && on === !one(".who", li)) return;
    li.classList.toggle("on", on);
    if (on) one(".who", li)?.remove();
    else if (!one(".who", li)) {
      this.name(li);
    }
  }

  /** Give a message the line with its writer's name. */
  name(li, id = li.dataset.by) {
    li.prepend(one(".who", copyOf("t-msg")));
    this.#head(li, id);
  }

  /** Fold away what someone wrote whom the reader has blocked. */
  cover(li) {
    if (!one(".who", li)) this.name(li);
    cover(li);
    this.#labelMenu(li);
    this.regroup(li.nextElementSibling);
  }

  uncover(li) {
    uncover(li);
    this.#labelMenu(li);
    this.regroup(li);
    this.regroup(li.nextElementSibling);
  }

  #gone(by, data) {
    if (data.why !== "author") return data.reason ? `A moderator hid this message: ${data.reason}` : "A moderator hid this message.";
    return `${this.people.name(by?.id)} took this message back.`;
  }

  /** Nothing of the words stays on the page. */
  #bury(li, words, taken) {
    const menu = this.may.keepsOrder ? one(".menu", li) : null;
    li.replaceChildren(...(menu ? [menu] : []), make("p", { class: "gist" }, icon("hide"), make("span", {}, words)));
    li.classList.remove("on", "covered");
    li.toggleAttribute("data-taken", taken);
    li.removeAttribute("data-note");
    this.regroup(li.nextElementSibling?.matches(".msg") ? li.nextElementSibling : null);
  }

  hidden(/** @type {LogEvent} */ event) {
    const li = this.find(event.data.seq);
    if (!li) return;
    this.#bury(li, this.#gone(event.by, event.data), event.data.why === "author");
    if (li.dataset.by === this.people.me) this.markSent();
    for (const re of all(`.re[href="#${li.id}"]`, this.list)) re.textContent = "To a message that is not shown";
  }

  edited(/** @type {LogEvent} */ event) {
    const li = this.find(event.data.seq);
    const read = li && one(".read", li);
    if (!read) return;
    read.innerHTML = event.data.html;
    this.#edited(li, event.at);
    if (!li.dataset.note) {
      for (const re of all(`.re[href="#${li.id}"]`, this.list)) re.textContent = this.quote(event.data.seq).words;
    }
  }

  #edited(li, at) {
    const sent = one(".state .i", li) !== null;
    this.state(li, sent ? `Sent, edited ${this.times.clock(at)}` : `Edited ${this.times.clock(at)}`, sent ? "tick" : "");
  }

  /** The line of words under a message; none when empty. */
  state(li, words, iconName = "", ...more) {
    let state = one(".state", li);
    if (!words) {
      state?.remove();
      return;
    }
    if (!state) {
      state = make("p", { class: "state" });
      (one("[data-cover]", li) ?? li).append(state);
    }
    state.replaceChildren(...(iconName ? [icon(iconName)] : []), words, ...more);
  }

  /** Only the newest of one's own messages says that it was sent. */
  markSent(li = all(`.msg[data-by="${this.people.me}"]`, this.list).filter((each) => one(".read", each)).at(-1)) {
    for (const old of all(".msg[data-by] > .state", this.list)) {
      if (!one(".i", old)) continue;
      const edit = old.textContent.match(/edited (.+)$/);
      this.state(old.parentElement, edit ? `Edited ${edit[1]}` : "");
    }
    if (!li) return;
    const edit = one(".state", li)?.textContent.match(/dited (.+)$/);
    this.state(li, edit ? `Sent, edited ${edit[1]}` : "Sent", "tick");
  }

  reacted(/** @type {LogEvent} */ event) {
    const { seq, kind, on } = event.data;
    const li = this.find(seq);
    if (!li || !one(".read", li) || event.seq <= Number(li.dataset.asOf ?? this.asOf)) return;
    let said = one(".said", li);
    if (!said) {
      said = make("ul", { class: "said", "aria-label": "Responses" });
      const end = one("[data-cover]", li) ?? li;
      (one(".state", li) ?? { before: (made) => end.append(made) }).before(said);
    }
    let button = one(`[data-kind="${kind}"]`, said);
    if (!button) {
      const label = one(`#t-menu`).content.querySelector(`[data-kind="${kind}"]`)?.textContent;
      if (!label) return;
      button = make("button", { "data-kind": kind, "aria-pressed": "false" }, `${label} `, make("span", { class: "num" }, "0"));
      said.append(make("li", {}, button));
    }
    const number = one(".num", button);
    number.textContent = String(Math.max(0, Number(number.textContent) + (on ? 1 : -1)));
    if (event.by?.id === this.people.me) button.setAttribute("aria-pressed", String(Boolean(on)));
    this.#order(said);
  }

  /** Most used first, none at zero; what has the focus keeps it. */
  #order(said) {
    const focused = document.activeElement;
    const count = (li) => Number(one(".num", li).textContent);
    for (const li of all("li", said)) if (!count(li)) li.remove();
    const wanted = all("li", said).sort((a, b) => count(b) - count(a));
    if (wanted.some((li, at) => said.children[at] !== li)) said.append(...wanted);
    if (focused instanceof HTMLElement && said.contains(focused)) focused.focus();
    if (!said.children.length) said.remove();
  }

  /** The marker above what came while nobody looked. */
  markNew(li) {
    if (one("#new", this.list)) return;
    const above = li.previousElementSibling;
    const since = above?.dataset?.at ? `New since ${this.times.clock(above.dataset.at)}` : "New";
    li.before(make("li", { class: "break new", id: "new" }, since));
    this.regroup(li);
  }

  unmarkNew() {
    const marker = one("#new", this.list);
    if (!marker) return;
    const next = marker.nextElementSibling;
    marker.remove();
    this.regroup(next);
  }

  /** A page open for hours forgets its oldest messages; "Earlier messages" finds them again. */
  trim(earlier) {
    const lines = all(".msg[data-by]", this.list);
    if (lines.length <= MOST_KEPT) return;
    const first = lines[lines.length - MOST_KEPT / 2];
    while (this.list.firstElementChild !== first) this.list.firstElementChild.remove();
    this.#dayBreak(first);
    this.regroup(first);
    earlier(this.seq(first));
  }
}
