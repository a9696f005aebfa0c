// The floor: whose turn it is, who is in line, where I stand, which part it is, and so whether I may write now.

import { all, make, one, quiet } from "./dom.js";
import { hints } from "./hints.js";
import { lineOf } from "./line.js";
import { WRITES, chairWords, ended, minutesLeft, ordinal, timeLeft } from "./words.js";

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
    /** Until when (ms) what I was writing as the chair ended my turn may still be sent; 0 for not at all. */
    this.finishingUntil = 0;
    /** @type {Set<string>} those in line, or with the floor, whose link is down */
    this.away = new Set();
    this.panel = one("[data-floor]");
    this.allowedAtFirst = one("[data-why]").hidden;
    this.showHint = hints(this);
    this.showLine = lineOf(this);
    this.timer = 0;
  }

  /** @param {any} state as the server tells it, whole */
  set(state) {
    this.state = { ...this.state, ...state };
    this.people.learn(this.state);
    if (state.away) this.away = new Set(state.away);
    const mine = state.finishing?.member === this.people.me;
    if (mine) this.#mayFinish(state.finishing.until);
    this.#show();
  }

  /** Someone came or went, in a room where that is kept: those in line are marked. */
  present(/** @type {string} */ id, /** @type {boolean} */ here) {
    if (!this.state?.away || here !== this.away.has(id)) return;
    if (here) this.away.delete(id);
    else if (this.state.queue.includes(id) || this.state.turn?.member === id) this.away.add(id);
    else return;
    this.#show();
  }

  get finishing() {
    return this.finishingUntil > Date.now();
  }

  #mayFinish(until) {
    this.finishingUntil = Date.parse(until);
  }

  /** The one message has gone out. */
  finished() {
    if (!this.finishingUntil) return;
    this.finishingUntil = 0;
    if (this.state) this.#show();
  }

  /** Whoever speaks may say more than one message holds. */
  get speaks() {
    return this.mine || (this.chairs && this.state.writes !== "all");
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
  apply({ type, data }) {
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
        if (data.member === me) this.finishingUntil = 0;
        this.say(data.member === me ? "You have the floor." : `${this.people.handle(data.member)} has the floor.`);
        break;
      case "turn.extended":
        if (state.turn) state.turn = { ...state.turn, until: data.until };
        if (data.member === me) this.say("You have more time.");
        break;
      case "turn.ended":
        if (data.member === me && data.why === "chair") this.say("Your turn is over. Thank you.");
        else this.say(ended(data.why, this.people.handle(data.member), data.member === me));
        state.turn = null;
        if (data.member === me && data.until) this.#mayFinish(data.until);
        break;
      case "hand.moved":
        state.queue = data.queue;
        if (data.member === me) this.say(this.#where());
        break;
      case "chair.changed":
        this.say(chairWords(this.people.handle(data.member), data.member === me));
        return;
      case "phase.changed":
        state.phase = data.phase;
        state.step = data.step ?? null;
        state.writes = data.writes;
        state.crosstalk = data.crosstalk;
        state.title = data.title ?? this.#entry()?.dataset.label;
        if (data.writes === "none") this.finishingUntil = 0;
        this.say(`${this.#label()}. ${this.#phaseGist()}`);
        break;
      case "member.muted":
        if (data.member !== me) return;
        state.muted = true;
        this.finishingUntil = 0;
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

  /** The line of the table of contents that is on. */
  #entry() {
    const { phase, step } = this.state;
    const inScript = step === null || step === undefined ? null : one(`[data-step="${step}"]`);
    return inScript ?? one(`[data-phase="${phase}"]:not([data-step])`);
  }

  #label() {
    return this.state.title ?? this.#entry()?.dataset.label ?? this.state.phase;
  }

  #phaseGist() {
    const { writes, crosstalk } = this.state;
    const { gist, usual } = this.#entry()?.dataset ?? {};
    if (usual === `${writes} ${crosstalk}`) return gist;
    return WRITES[writes] + (writes === "all" && !crosstalk ? " No answers yet." : "");
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
    if (this.mayWrite || this.finishing) return { allowed: true, head: "", gist: "", mayDraft: true };
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
    this.showLine();
    this.showHint();
    this.onChange();
    this.#again();
  }

  /** Once more when the words about the time change: at each half minute, and when one may finish no longer. */
  #again() {
    clearTimeout(this.timer);
    const { turn } = this.state;
    const now = Date.now();
    const left = turn?.until ? Date.parse(turn.until) - now : 0;
    const next = minutesLeft(turn?.until, now) > 0 ? ((left - 30_000) % 60_000) + 50 : 0;
    const end = this.finishing ? this.finishingUntil - now + 50 : 0;
    const wait = Math.min(...[next, end].filter((ms) => ms > 0));
    if (wait < Infinity) this.timer = setTimeout(() => this.#show(), wait);
  }

  #summary() {
    const { turn, queue } = this.state;
    const { panel, people } = this;
    panel.classList.toggle("lit", Boolean(turn));
    one("[data-head]", panel).textContent = turn
      ? `${people.name(turn.member)} ${this.mine ? "have" : "has"} the floor`
      : this.state.phase === "open" ? "The floor is open" : this.#label();
    one("use", panel).setAttribute("href", turn ? "#i-lamp" : "#i-text");
    const gone = turn && !this.mine && this.away.has(turn.member) ? "Their link is down." : "";
    const what = turn ? timeLeft(turn.until) : this.#phaseGist();
    one("[data-gist]", panel).textContent = [what, gone, this.#where() || (queue.length ? `${queue.length} in line.` : "")].filter(Boolean).join(" ");
  }

  #where() {
    const { place } = this;
    return place === 1 ? "You are next." : place ? `You are ${ordinal(place)} in line.` : "";
  }

  #phases() {
    const { phase, step, steps } = this.state;
    const fold = one("[data-phases]");
    const held = one("[data-led]") !== null;
    fold.hidden = this.panel.hidden || (phase === "open" && !this.chairs && !held);
    const entry = this.#entry();
    one("[data-phase-label]").textContent = entry?.dataset.step && steps ? `Part ${step + 1} of ${steps.length}: ${this.#label()}` : this.#label();
    for (const li of all("[data-phase]", fold)) {
      if (li === entry) li.setAttribute("aria-current", "step");
      else li.removeAttribute("aria-current");
    }
    const select = one("#phase");
    if (select && document.activeElement !== select) select.value = phase;
  }

  #controls() {
    const { panel } = this;
    const { turn } = this.state;
    const turnBox = one("[data-turn]", panel);
    const wide = (words, act) => {
      const button = quiet(words, act);
      button.classList.remove("quiet");
      return button;
    };
    const buttons = [];
    if (this.mine) {
      buttons.push(
        wide("I’m done", () => this.act("turn.end")),
        wide("I pass this time", () => this.act("turn.end", undefined, { why: "passed" })),
      );
    } else if (turn && this.chairs) {
      buttons.push(
        wide("2 more minutes", () => this.act("turn.extend", turn.member, { seconds: EXTEND_SECONDS })),
        wide("Thank, end turn", () => this.act("turn.end", turn.member)),
      );
    }
    turnBox.replaceChildren(...buttons);
    turnBox.hidden = buttons.length === 0;
  }

  /** @param {string} id */
  giveButton(id, words = "Give the floor") {
    const button = quiet(words, () => this.act("turn.grant", id));
    button.append(make("span", { class: "vh" }, ` ${this.people.handle(id)}`));
    return button;
  }
}
