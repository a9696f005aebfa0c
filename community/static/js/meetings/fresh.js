// Pages that stay true by themselves: their parts are fetched every few seconds, and only what changed is put in place,
// with the focus and what was unfolded as they were. Forms marked `data-act` are sent from where one is.

import { menus } from "./menus.js";

/** What is new in every copy of a page and says nothing. */
const FRESH_EACH_TIME = "[name=csrfmiddlewaretoken], [name=key]";
const GONE = new Set([401, 403, 404, 410]);
const LATE = "The link is down. This is how it was when it last answered.";
const UNKNOWN = "No answer came. See whether it was done before you try again.";
const REFUSED = "That was not done. Look again, and try once more.";

/** @param {Element} part */
function meaning(part) {
  const copy = /** @type {Element} */ (part.cloneNode(true));
  copy.querySelectorAll(FRESH_EACH_TIME).forEach((field) => field.removeAttribute("value"));
  return copy.outerHTML;
}

/**
 * Where the focus is within a part, so that the same thing can be found in another copy of it.
 * @param {Element} part
 */
function placeOf(part) {
  const active = document.activeElement;
  if (!active || !part.contains(active) || active === part) return null;
  const within = active.closest("[data-key]");
  const key = within instanceof HTMLElement && part.contains(within) ? within.dataset.key : "";
  return { key, tag: active.tagName, words: active.textContent ?? "", name: active.getAttribute("name"), value: active.getAttribute("value") };
}

/**
 * @param {Element} part
 * @param {ReturnType<typeof placeOf>} place
 */
function focusAgain(part, place) {
  if (!place) return;
  const scope = place.key ? part.querySelector(`[data-key="${CSS.escape(place.key)}"]`) : part;
  const same = [...(scope?.querySelectorAll(place.tag) ?? [])].find(
    (one) => one.textContent === place.words && one.getAttribute("name") === place.name && one.getAttribute("value") === place.value,
  );
  const found = same ?? part.querySelector("h2") ?? part;
  if (!(found instanceof HTMLElement)) return;
  if (!same) found.tabIndex = -1;
  found.focus({ preventScroll: Boolean(same) });
}

class Page {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.address = String(root.dataset.fresh);
    this.every = Number(root.dataset.every) * 1000;
    this.link = document.querySelector("[data-link]");
    this.announcer = document.querySelector("[data-announce]");
    /** @type {Map<string, string>} what each part said when it was put in place */
    this.said = new Map(this.parts.map((part) => [part.id, meaning(part)]));
    this.timer = 0;
    this.asking = false;
    this.acted = false;
    root.addEventListener("submit", (event) => this.#submit(event));
    root.addEventListener("change", (event) => {
      if (event.target instanceof Element) event.target.closest("[data-part]")?.toggleAttribute("data-changed", true);
    });
    document.addEventListener("visibilitychange", () => this.#later(document.hidden ? this.every : 0));
    this.#later();
  }

  get parts() {
    return /** @type {HTMLElement[]} */ ([...this.root.querySelectorAll("[data-part]")]);
  }

  #later(wait = this.every) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), wait);
  }

  /** Fetch the parts anew, unless nobody looks. */
  async look() {
    if (document.hidden || this.asking) return this.#later();
    this.asking = true;
    try {
      const answer = await fetch(this.address, { cache: "no-store" });
      if (answer.redirected || GONE.has(answer.status)) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      this.#take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      if (this.link?.textContent === LATE) this.link.textContent = "";
    } catch {
      if (this.link && !this.link.textContent) this.link.textContent = LATE;
    } finally {
      this.asking = false;
      this.#later();
    }
  }

  /** @param {Document} found */
  #take(found) {
    const parts = this.parts;
    if (parts.some((part) => !found.getElementById(part.id)) || found.querySelectorAll("[data-part]").length !== parts.length) {
      return location.reload();
    }
    for (const part of parts) {
      const fresh = /** @type {HTMLElement} */ (found.getElementById(part.id));
      const says = meaning(fresh);
      if (says === this.said.get(part.id) || "changed" in part.dataset) continue;
      // What came of the last act stays until the next one.
      if ("aloud" in part.dataset && !fresh.textContent?.trim() && !this.acted) continue;
      this.said.set(part.id, says);
      this.#put(part, fresh);
    }
    this.acted = false;
  }

  /**
   * @param {HTMLElement} part
   * @param {HTMLElement} fresh
   */
  #put(part, fresh) {
    const place = placeOf(part);
    for (const fold of part.querySelectorAll("details[data-key]")) {
      const same = fresh.querySelector(`details[data-key="${CSS.escape(String(fold.getAttribute("data-key")))}"]`);
      same?.toggleAttribute("open", fold.hasAttribute("open"));
    }
    part.replaceWith(fresh);
    focusAgain(fresh, place);
    const news = fresh.dataset.say !== part.dataset.say ? fresh.dataset.say : "aloud" in fresh.dataset ? fresh.textContent?.trim() : "";
    if (news && this.announcer) this.announcer.textContent = news;
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-act]")) return;
    event.preventDefault();
    if (form.hasAttribute("aria-busy")) return;
    form.setAttribute("aria-busy", "true");
    if (this.link) this.link.textContent = "";
    try {
      const sent = new URLSearchParams(/** @type {any} */ (new FormData(form)));
      const answer = await fetch(form.action, { method: "POST", body: sent, redirect: "manual" });
      if (answer.type === "opaqueredirect") {
        form.closest("[data-part]")?.removeAttribute("data-changed");
        form.closest(".menu")?.removeAttribute("open");
        this.acted = true;
      } else this.#complain(await answer.text());
    } catch {
      this.#complain("", UNKNOWN);
    }
    form.removeAttribute("aria-busy");
    await this.look();
  }

  /** Say in the page why it was not done, in the words of the page that came back. */
  #complain(page = "", words = REFUSED) {
    const found = new DOMParser().parseFromString(page, "text/html").querySelector(".notice.care[role=alert] span, .wrong span");
    if (this.link) this.link.textContent = found?.textContent || words;
    this.link?.scrollIntoView({ block: "nearest" });
  }
}

for (const root of document.querySelectorAll("[data-fresh]")) {
  new Page(/** @type {HTMLElement} */ (root));
  menus(/** @type {HTMLElement} */ (root));
}
