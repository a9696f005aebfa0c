// Doing things in the room: every form that acts works by itself, and here without leaving the page.

import { LinkLost } from "../live/connection.js";
import { newKey } from "../live/outbox.js";
import { one } from "./dom.js";

const NUMBERS = new Set(["minutes", "seconds"]);
const OWN = new Set(["csrfmiddlewaretoken", "t", "key", "op", "target", "next"]);

/**
 * @param {import("../live/connection.js").Connection} connection
 * @param {string} room
 * @param {(words: string) => void} complain
 */
export function actor(connection, room, complain) {
  /**
   * Do it; true when it is done. A lost link is tried once more with the same key, then said.
   * @param {string} op
   * @param {string | number} [target]
   * @param {any} [value]
   */
  async function act(op, target, value) {
    const frame = { t: "act", room, key: newKey(), op, target, value };
    for (let tries = 0; tries < 2; tries += 1) {
      try {
        const answer = await connection.request(frame);
        if (answer.t === "ok") return true;
        if (!answer.retry || tries) {
          complain(answer.message);
          return false;
        }
      } catch (error) {
        if (!(error instanceof LinkLost)) throw error;
        if (tries || !(await back(connection))) break;
      }
    }
    complain("That was not done: the link is down. Try again when it is back.");
    return false;
  }

  document.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches("form[data-act]")) return;
    event.preventDefault();
    const fields = new FormData(form);
    const value = fields.get("value") ?? valueOf(fields);
    const button = event.submitter;
    button?.setAttribute("aria-busy", "true");
    await act(String(fields.get("op")), /** @type {string} */ (fields.get("target")) || undefined, value);
    button?.removeAttribute("aria-busy");
    const menu = form.closest("dialog");
    if (menu) menu.close();
  });

  return act;
}

/** The flat fields of a form as the one value that they mean. */
function valueOf(fields) {
  const entries = [...fields].filter(([name]) => !OWN.has(name));
  if (!entries.length) return undefined;
  return Object.fromEntries(entries.map(([name, text]) => [name, NUMBERS.has(name) ? Number(text) : text]));
}

/** Wait a moment for the link. */
function back(connection, patience = 4000) {
  if (connection.state === "over") return Promise.resolve(false);
  return new Promise((done) => {
    const timer = setTimeout(() => done(false), patience);
    connection.on("welcome", () => {
      clearTimeout(timer);
      done(true);
    });
    connection.tryNow();
  });
}

/** Words above the composer that something was not done; gone with the next press. */
export function complaints() {
  const dock = one(".dock");
  /** @type {HTMLElement | null} */
  let shown = null;
  const clear = () => {
    shown?.remove();
    shown = null;
  };
  document.addEventListener("pointerdown", clear);
  document.addEventListener("keydown", clear);
  return (words) => {
    clear();
    shown = document.createElement("p");
    shown.className = "notice care";
    shown.setAttribute("role", "alert");
    shown.textContent = words;
    one("[data-link]", dock).after(shown);
  };
}
