// Asking before what can't be undone, and for the reason that the other person will be told.

import { all, one } from "./dom.js";

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} says what it does
 * @property {string} [reason] label of the field; none is asked without it
 * @property {boolean} [minutes]
 * @property {string} yes
 * @property {string} no
 */

/**
 * Opens the dialog; resolves with what was filled in, or null.
 * @param {Question} question
 * @returns {Promise<{reason: string, minutes: number} | null>}
 */
export function ask(question) {
  const dialog = one("#ask");
  const form = one("form", dialog);
  const wrong = one(".wrong", dialog);
  const reason = one("#ask-reason", dialog);
  form.reset();
  wrong.hidden = true;
  one("#ask-title").textContent = question.title;
  one("[data-says]", dialog).textContent = question.says;
  one("[data-yes]", dialog).textContent = question.yes;
  one("[data-no]", dialog).textContent = question.no;
  one("[data-minutes]", dialog).hidden = !question.minutes;
  one("[data-reason]", dialog).hidden = !question.reason;
  one("label", reason.parentElement).textContent = question.reason ?? "";

  return new Promise((done) => {
    let answer = null;
    const end = new AbortController();
    form.addEventListener("submit", (event) => {
      if (question.reason && !reason.value.trim()) {
        event.preventDefault();
        wrong.hidden = false;
        one("span", wrong).textContent = "Write a few words: the reason is what helps.";
        reason.focus();
        return;
      }
      answer = { reason: reason.value.trim(), minutes: Number(form.elements.minutes.value) };
    }, { signal: end.signal });
    one("[data-no]", dialog).addEventListener("click", () => dialog.close(), { signal: end.signal });
    dialog.addEventListener("close", () => {
      end.abort();
      done(answer);
    }, { signal: end.signal });
    dialog.showModal();
    (question.reason ? reason : one("[data-no]", dialog)).focus();
  });
}

/** What is asked before each act on a person or a message. */
export const questions = {
  take: () => ({
    title: "Take this message back?", says: "Everyone sees that you took it back, and no longer what it said.",
    yes: "Take it back", no: "Keep it",
  }),
  block: (name) => ({
    title: `Block ${name}?`,
    says: `What ${name} writes is folded away for you, and you stop finding each other in lists and in direct contact. Nobody is told.`,
    yes: `Block ${name}`, no: "Not now",
  }),
  hide: (name) => ({
    title: `Hide ${name}’s message?`, says: "Everyone sees that a moderator hid it, and why. A moderator can show it again.",
    reason: "Why, shown in its place", yes: "Hide it", no: "Leave it",
  }),
  mute: (name) => ({
    title: `Ask ${name} to read only?`, says: `${name} can read, and can’t write in this room for that time.`,
    reason: `Why, told to ${name}`, minutes: true, yes: "Mute", no: "Not now",
  }),
  remove: (name) => ({
    title: `Remove ${name} from the group?`, says: `${name} loses the group and its rooms at once.`,
    reason: "Why, kept with the removal", yes: "Remove", no: `Keep ${name} here`,
  }),
};

/** Escape and the browser's own ways close a dialog; a press beside it does, too. */
for (const dialog of all("dialog")) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
