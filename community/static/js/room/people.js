// Who is who: handles and roles by id, learnt from the room's state, from presence and from what is on the page.

import { hue, initials } from "./words.js";

const BLOCKED = "Someone you blocked";
const BADGES = { facilitator: "Facilitator", moderator: "Moderator" };

export class People {
  /** @param {string} me my own id */
  constructor(me) {
    this.me = me;
    /** @type {Map<string, {handle: string, role: string}>} */
    this.known = new Map();
    /** @type {Set<string>} */
    this.blocked = new Set();
    /** Whoever keeps the room must know whom they have before them. */
    this.keeper = false;
  }

  /** @param {any} state */
  learn(state) {
    for (const [id, one] of Object.entries(state.members ?? {})) this.know(id, one.handle, one.role);
    if (state.blocked) this.blocked = new Set(state.blocked);
    if (state.can) this.keeper = state.can.includes("moderate");
  }

  /** @param {string} id */
  know(id, handle, role = undefined) {
    const old = this.known.get(id);
    this.known.set(id, { handle: handle || old?.handle || "Someone", role: role ?? old?.role ?? "" });
  }

  /** What a message says of its writer counts only where nothing newer is known. */
  meet(by) {
    if (by && !this.known.has(by.id)) this.know(by.id, by.handle);
  }

  /** Their name is not shown outside of what they wrote. */
  covered(id) {
    return this.blocked.has(id) && !this.keeper;
  }

  /** The handle, also of someone blocked: for what their own folded message says of them. */
  handleOf(id) {
    return this.known.get(id)?.handle ?? "Someone";
  }

  handle(id) {
    return this.covered(id) ? BLOCKED : this.handleOf(id);
  }

  name(id) {
    return id === this.me ? "You" : this.handle(id);
  }

  badge(id) {
    return BADGES[this.known.get(id)?.role] ?? "";
  }

  /** Make an `.avatar` this person's; `open`: also when they are covered elsewhere. */
  paint(avatar, id, open = false) {
    const covered = this.covered(id) && !open;
    avatar.textContent = covered ? "–" : initials(this.handleOf(id));
    avatar.classList.toggle("me", id === this.me);
    if (id === this.me || covered) avatar.removeAttribute("data-hue");
    else avatar.dataset.hue = String(hue(id));
  }
}
