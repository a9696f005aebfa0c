// People one blocked: what they write is folded away, at once and in every tab; nobody else's screen changes.

import { all, copyOf, one } from "./dom.js";

/**
 * Fold a message away, whole, under a line that names nobody.
 * @param {HTMLElement} li
 */
export function cover(li) {
  if (li.matches(".covered") || !one(".read", li)) return;
  const fold = copyOf("t-cover");
  fold.append(...[...li.children].filter((part) => !part.matches(".menu")));
  li.append(fold);
  li.classList.add("covered");
  li.classList.remove("on");
}

/** @param {HTMLElement} li */
export function uncover(li) {
  const fold = one("[data-cover]", li);
  if (!fold) return;
  one("summary", fold).remove();
  fold.replaceWith(...fold.childNodes);
  li.classList.remove("covered");
}

/**
 * Block someone, or take it back; true when it is done.
 * @param {string} id
 * @param {boolean} on
 */
export async function setBlock(id, on) {
  const token = /** @type {HTMLInputElement} */ (one("[name=csrfmiddlewaretoken]")).value;
  try {
    const answer = await fetch(`/you/blocks/${encodeURIComponent(id)}/${on ? "" : "end/"}`, {
      method: "POST", credentials: "same-origin", redirect: "manual",
      headers: { Accept: "application/json", "X-CSRFToken": token },
    });
    return answer.status === 204;
  } catch {
    return false;
  }
}

/**
 * Make the messages on the page agree with whom the reader has blocked now.
 * @param {any} messages the list of messages, whose module imports this one
 */
export function coverAll(messages) {
  const { list, people } = messages;
  for (const li of all(".msg[data-by]", list)) {
    const blocked = people.blocked.has(li.dataset.by);
    if (blocked === li.matches(".covered") || !one(".read", li)) continue;
    if (blocked) messages.cover(li);
    else messages.uncover(li);
  }
  for (const re of all('.re[href^="#m"]', list)) {
    const seq = Number(re.getAttribute("href").slice(2));
    if (messages.find(seq)) re.textContent = messages.quote(seq).words;
  }
}
