// Who is who: handles and roles by id, learnt from the room's state, from presence and from what is on the page.

import { hue, initials } from "./words.js";

const BADGES = { facilitator: "Facilitator", moderator: "Moderator" };

export class People {
  /** @param {string} me my own id */
  constructor(me) {
    this.me = me;
    /** @type {Map<string, {handle: string, role: string}>} */
    this.known = new Map();
    /** @type {Set<string>} */
    this.blocked = new Set();
  }

  /** @param {any} state */
  learn(state) {
    for (const [id, one] of Object.entries(state.members ?? {})) this.know(id, one.handle, one.role);
    if (state.blocked) this.blocked = new Set(state.blocked);
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

  handle(id) {
    return this.known.get(id)?.handle ?? "Someone";
  }

  name(id) {
    return id === this.me ? "You" : this.handle(id);
  }

  badge(id) {
    return BADGES[this.known.get(id)?.role] ?? "";
  }

  /** Make an `.avatar` this person's. */
  paint(avatar, id) {
    avatar.textContent = initials(this.handle(id));
    avatar.classList.toggle("me", id === this.me);
    if (id === this.me) avatar.removeAttribute("data-hue");
    else avatar.dataset.hue = String(hue(id));
  }
}
