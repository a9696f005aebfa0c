// The floor: whose turn it is, who is in line, where I stand, which part it is, and so whether I may write now.

import { all, make, one, quiet } from "./dom.js";
import { ordinal, timeLeft } from "./words.js";

const EXTEND_SECONDS = 120;

export class Floor {
  /**
   * @param {object} room
   * @param {import("./people.js").People} room.people
   * @param {any} room.times
   * @param {(op: string, target?: string | number, value?: any) => Promise<boolean>} room.act
   * @param {(words: string) => void} room.say reads words out
   */
  constructor({ people, times, act, say }) {
    this.people = people;
    this.times = times;
    this.act = act;
    this.say = say;
    /** @type {any} null until the server has told it */
    this.state = null;
    /** @type {string} "" while the room is there for me, else why it is over */
    this.over = "";
    /** @type {() => void} */
    this.onChange = () => {};
    this.panel = one("[data-floor]");
    this.allowedAtFirst = one("[data-why]").hidden;
    setInterval(() => this.state?.turn && this.#show(), 30_000);
  }

  /** @param {any} state as the server tells it, whole */
  set(state) {
    this.state = { ...this.state, ...state };
    this.people.learn(this.state);
    this.#show();
  }

  /** Nothing is said in a closed room; keeping it goes on. */
  can(what) {
    const { state } = this;
    return Boolean(state?.can.includes(what)) && (state.writes !== "none" || what === "chair" || what === "moderate");
  }

  /** What I may do is the server's word; what this part of the meeting allows is added to it. */
  get mayWrite() {
    const { writes } = this.state;
    return this.can("write") && (writes === "all" || this.chairs || (writes === "turn" && this.mine));
  }

  get chairs() {
    return this.can("chair");
  }

  get mine() {
    return this.state?.turn?.member === this.people.me;
  }

  get place() {
    return (this.state?.queue ?? []).indexOf(this.people.me) + 1;
  }

  /** @param {import("../live/connection.js").LogEvent} event newer than the state */
  apply({ type, data, by }) {
    const { state } = this;
    const me = this.people.me;
    const without = () => state.queue.filter((id) => id !== data.member);
    switch (type) {
      case "hand.raised":
        state.queue = [...without(), data.member];
        if (this.chairs && data.member !== me) this.say(`${this.people.handle(data.member)} raised a hand.`);
        break;
      case "hand.lowered":
        state.queue = without();
        break;
      case "turn.granted":
        state.queue = without();
        state.turn = { member: data.member, until: data.until };
        this.say(data.member === me ? "You have the floor." : `${this.people.handle(data.member)} has the floor.`);
        break;
      case "turn.extended":
        if (state.turn) state.turn = { ...state.turn, until: data.until };
        if (data.member === me) this.say("You have more time.");
        break;
      case "turn.ended":
        if (data.member === me && by?.id !== me) this.say("Your turn is over. Thank you.");
        state.turn = null;
        break;
      case "phase.changed":
        state.phase = data.phase;
        state.writes = data.writes;
        state.crosstalk = data.crosstalk;
        this.say(`${this.#label()}. ${this.#phaseGist()}`);
        break;
      case "member.muted":
        if (data.member !== me) return;
        state.muted = true;
        state.muted_until = data.until ?? null;
        state.can = state.can.filter((what) => what === "chair" || what === "moderate");
        this.say("A moderator has asked you to read only, for now.");
        break;
      case "member.unmuted":
        if (data.member !== me) return;
        state.muted = false;
        state.muted_until = null;
        state.can = [...new Set(["write", "react", "raise", ...state.can])];
        this.say("You can write again.");
        break;
      default:
        return;
    }
    this.#show();
  }

  #label() {
    return one(`[data-phase="${this.state.phase}"]`)?.textContent ?? this.state.phase;
  }

  #phaseGist() {
    return one(`[data-phase="${this.state.phase}"]`)?.dataset.gist ?? "";
  }

  /** May I write, and if not, why: the same words as panel.py. */
  writing() {
    if (this.over) return { allowed: false, head: "", gist: "", mayDraft: false };
    const { state } = this;
    if (!state) return { allowed: this.allowedAtFirst, head: "", gist: "", mayDraft: true };
    if (state.muted) {
      const until = state.muted_until ? ` until ${this.times.clock(state.muted_until)}` : "";
      const why = state.muted_reason ? `A moderator set this: ${state.muted_reason}` : "A moderator set this.";
      return { allowed: false, head: `You can read, and can’t write here${until}.`, gist: why, mayDraft: false, icon: "hide" };
    }
    if (this.mayWrite) return { allowed: true, head: "", gist: "", mayDraft: true };
    switch (state.writes) {
      case "none":
        return { allowed: false, head: "This room is closed for now.", gist: "You can read what was said.", mayDraft: false, icon: "text" };
      case "hosts":
        return { allowed: false, head: "The facilitators are speaking.", gist: "Everyone else listens for now.", mayDraft: true };
      case "turn": {
        const has = state.turn ? `${this.people.handle(state.turn.member)} has the floor.` : "One person at a time writes.";
        const mine = this.place ? `You are ${ordinal(this.place)} in line.` : "Raise your hand to get in line.";
        return { allowed: false, head: has, gist: mine, mayDraft: true };
      }
      default:
        return { allowed: false, head: "You can read here.", gist: "Writing is for the people of this group.", mayDraft: false };
    }
  }

  #show() {
    this.#summary();
    this.#phases();
    this.#controls();
    this.onChange();
  }

  #summary() {
    const { turn, queue } = this.state;
    const { panel, people } = this;
    panel.classList.toggle("lit", Boolean(turn));
    one("[data-head]", panel).textContent = turn
      ? `${people.name(turn.member)} ${this.mine ? "have" : "has"} the floor`
      : this.state.phase === "open" ? "The floor is open" : this.#label();
    one("use", panel).setAttribute("href", turn ? "#i-lamp" : "#i-text");
    const place = this.place;
    const where = place === 1 ? "You are next." : place ? `You are ${ordinal(place)} in line.` : queue.length ? `${queue.length} in line.` : "";
    const what = turn ? timeLeft(turn.until) : this.#phaseGist();
    one("[data-gist]", panel).textContent = [what, where].filter(Boolean).join(" ");
  }

  #phases() {
    const { phase } = this.state;
    const fold = one("[data-phases]");
    fold.hidden = this.panel.hidden || (phase === "open" && !this.chairs);
    one("[data-phase-label]").textContent = this.#label();
    for (const li of all("[data-phase]", fold)) {
      if (li.dataset.phase === phase) li.setAttribute("aria-current", "step");
      else li.removeAttribute("aria-current");
    }
    const select = one("#phase");
    if (select && document.activeElement !== select) select.value = phase;
  }

  #controls() {
    const { panel, people } = this;
    const { turn, queue } = this.state;
    const focused = document.activeElement?.closest?.("[data-who]")?.getAttribute("data-who");
    const turnBox = one("[data-turn]", panel);
    const wide = (words, act) => {
      const button = quiet(words, act);
      button.classList.remove("quiet");
      return button;
    };
    const buttons = [];
    if (this.mine) buttons.push(wide("I’m done", () => this.act("turn.end")));
    else if (turn && this.chairs) {
      buttons.push(
        wide("2 more minutes", () => this.act("turn.extend", turn.member, { seconds: EXTEND_SECONDS })),
        wide("Thank, end turn", () => this.act("turn.end", turn.member)),
      );
    }
    turnBox.replaceChildren(...buttons);
    turnBox.hidden = buttons.length === 0;

    const line = one(".line", panel);
    line.hidden = queue.length === 0;
    line.replaceChildren(...queue.map((id) => {
      const me = id === people.me;
      const avatar = make("span", { class: "avatar", "aria-hidden": "true" });
      people.paint(avatar, id);
      const li = make("li", { "data-who": id }, avatar, make(me ? "b" : "span", { class: "fill" }, people.name(id)));
      if (me) li.append(quiet("Step out", () => this.act("hand.lower")));
      else if (this.chairs) li.append(this.giveButton(id, "Call"), quiet("Skip", () => this.act("hand.lower", id)));
      return li;
    }));
    if (focused) one(`[data-who="${focused}"] button`, line)?.focus();
  }

  /** @param {string} id */
  giveButton(id, words = "Give the floor") {
    const button = quiet(words, () => this.act("turn.grant", id));
    button.append(make("span", { class: "vh" }, ` ${this.people.handle(id)}`));
    return button;
  }
}
