// Writing: the field, its draft, what it answers, the content note, the raised hand.

import { one } from "./dom.js";
import { inParts } from "./parts.js";

/**
 * @param {object} room
 * @param {import("./floor.js").Floor} room.floor
 * @param {string} room.draftName where this tab keeps the words that were not sent
 * @param {(parts: {text: string, reply_to?: number, note?: string}[]) => Promise<void>} room.send
 * @param {(op: string) => Promise<boolean>} room.act
 * @param {(seq: number) => {words: string}} room.quote
 */
export function composer({ floor, draftName, send, act, quote }) {
  const form = one("[data-composer]");
  const field = /** @type {HTMLTextAreaElement} */ (one("#words"));
  const button = one(".btn.go", form);
  const why = one("[data-why]");
  const wrong = one("#words-error");
  const replying = one("[data-replying]", form);
  const noting = one("[data-noting]", form);
  const hand = one("[data-hand]", form);
  const long = one("#words-parts");
  const most = Number(form.dataset.chars);
  const writeTo = one("label[for=words]").textContent;
  /** With a mouse and a keyboard Enter sends; on a touch screen it makes a new line. */
  const enterSends = matchMedia("(pointer: fine)").matches;
  one("[data-refresh]", form)?.remove();
  one("#words-keys").textContent = enterSends
    ? "Enter sends. Shift and Enter make a new line."
    : "Control and Enter send.";

  const answered = () => Number(form.elements.reply_to.value) || undefined;

  function keep() {
    const draft = { text: field.value, reply_to: answered(), note: form.elements.note.value };
    try {
      if (draft.text) sessionStorage.setItem(draftName, JSON.stringify(draft));
      else sessionStorage.removeItem(draftName);
    } catch {
      // Without storage the words live as long as the page.
    }
  }

  function restore() {
    if (field.value) return;
    try {
      const draft = JSON.parse(sessionStorage.getItem(draftName) ?? "null");
      if (!draft) return;
      field.value = draft.text;
      form.elements.note.value = draft.note ?? "";
      noting.open = Boolean(draft.note);
      if (draft.reply_to) answer(draft.reply_to, false);
    } catch {
      // As above.
    }
  }

  function complain(words) {
    wrong.hidden = !words;
    one("span", wrong).textContent = words;
    if (words) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  /** Lines in the field grow with the words also where `field-sizing` is not known. */
  function fit() {
    if (CSS.supports("field-sizing", "content")) return;
    field.rows = Math.min(6, Math.max(1, field.value.split("\n").length + Math.floor(field.value.length / 60)));
  }

  function answer(seq, focus = true) {
    form.elements.reply_to.value = String(seq);
    one("span", replying).textContent = quote(seq).words;
    replying.hidden = false;
    if (focus) {
      keep();
      field.focus();
    }
  }

  function answerNothing() {
    form.elements.reply_to.value = "";
    one("span", replying).textContent = "";
    replying.hidden = true;
    keep();
  }

  /** What would be sent now: one part, or several when someone who speaks says more than one message holds. */
  function partsNow() {
    const text = field.value.trim();
    return floor.state && floor.speaks ? inParts(text, most) : [text];
  }

  /** A long share is offered in parts before it is sent. */
  function offer() {
    const parts = floor.writing().allowed && field.value.length > most ? partsNow().length : 1;
    button.textContent = parts > 1 ? `Send in ${parts} parts` : "Send";
    button.classList.toggle("wide", parts > 1);
    long.hidden = parts < 2;
    long.textContent = parts > 1 ? `More than one message holds: it goes out in ${parts}, one after the other.` : "";
  }

  function submit() {
    const text = field.value.trim();
    if (!floor.writing().allowed) return;
    if (!text) {
      complain("There are no words yet.");
      field.focus();
      return;
    }
    const parts = partsNow();
    if ([...parts[0]].length > most) {
      complain(`A message holds at most ${most.toLocaleString("en-US")} characters; this one has ${[...text].length.toLocaleString("en-US")}.`);
      return;
    }
    const note = form.elements.note.value || undefined;
    const reply_to = answered();
    field.value = "";
    form.elements.note.value = "";
    noting.open = false;
    complain("");
    answerNothing();
    fit();
    offer();
    field.focus();
    send(parts.map((part, at) => ({ text: part, reply_to: at ? undefined : reply_to, note })));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !replying.hidden) answerNothing();
    if (event.key !== "Enter" || event.isComposing || event.shiftKey) return;
    if (enterSends || event.ctrlKey || event.metaKey) {
      event.preventDefault();
      submit();
    }
  });
  field.addEventListener("input", () => {
    complain("");
    keep();
    fit();
    offer();
  });
  form.elements.note.addEventListener("change", () => {
    keep();
    one("span", one("summary", noting)).textContent = form.elements.note.value ? `Content note: ${form.elements.note.value}` : "Content note";
  });
  one("a", replying).addEventListener("click", (event) => {
    event.preventDefault();
    answerNothing();
    field.focus();
  });
  hand.form?.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    act(floor.place ? "hand.lower" : "hand.raise");
  });

  /** Show the field, or why there is none now; words that were begun stay in sight. */
  function show() {
    const { allowed, head, gist, mayDraft, icon = "clock" } = floor.writing();
    const shown = allowed || mayDraft || field.value !== "";
    const hadFocus = document.activeElement === button;
    why.hidden = allowed || !head;
    one("use", why).setAttribute("href", `#i-${icon}`);
    one("b", why).textContent = head;
    one("b + span", why).textContent = gist;
    field.hidden = !shown;
    field.readOnly = !allowed && !mayDraft;
    field.placeholder = allowed ? writeTo : "Write for later; it is kept here";
    button.hidden = !allowed;
    noting.hidden = !allowed;
    hand.hidden = Boolean(floor.over) || floor.mine || !(floor.can("raise") || floor.place);
    one("span", hand).textContent = floor.place ? "Lower my hand" : "Raise my hand";
    form.hidden = Boolean(floor.over) && field.value === "";
    offer();
    if (hadFocus && !allowed && shown) field.focus();
  }

  restore();
  fit();
  show();
  return {
    field,
    answer,
    show,
    /** The message being answered has changed or gone: so has what is shown of it. */
    requote(seq) {
      if (answered() === seq) one("span", replying).textContent = quote(seq).words;
    },
  };
}
