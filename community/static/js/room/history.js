// Scrolling back: the same page that a plain link opens, fetched, and its messages put above ours.

import { all, make, one } from "./dom.js";

/**
 * @param {import("./messages.js").Messages} messages
 * @param {{fail: (words: string) => void}} say
 */
export function scrollBack(messages, say) {
  const place = one(".earlier", messages.box);
  let busy = false;

  function point(before) {
    if (before) place.replaceChildren(make("a", { href: `?before=${before}`, "data-earlier": "" }, "Earlier messages"));
    else place.replaceChildren("This is where it began.");
  }

  async function load(link) {
    if (busy) return;
    busy = true;
    try {
      const page = await fetchPage(link.href);
      const there = one("[data-earlier]", page);
      prepend(one("[data-log] ol", page), page);
      point(there ? new URL(there.getAttribute("href"), link.href).searchParams.get("before") : null);
    } catch {
      say.fail("The earlier messages did not arrive. Try again when the link is back.");
    } finally {
      busy = false;
    }
  }

  function prepend(list) {
    const asOf = list.dataset.head ?? "0";
    const first = messages.list.firstElementChild;
    const anchor = one(".msg", messages.list) ?? place;
    const top = anchor.getBoundingClientRect().top;
    const lines = [...list.children].filter((li) => !(li.id && messages.list.querySelector(`#${li.id}`)));
    for (const li of lines) if (li.matches(".msg")) li.dataset.asOf = asOf;
    messages.list.classList.add("still");
    messages.list.prepend(...lines);
    const day = lines.filter((li) => li.matches(".day-break")).at(-1);
    if (day && first?.matches(".day-break") && first.textContent === day.textContent) {
      const next = first.nextElementSibling;
      first.remove();
      messages.regroup(next);
    }
    scrollBy(0, anchor.getBoundingClientRect().top - top);
    messages.list.classList.remove("still");
  }

  place.addEventListener("click", (event) => {
    const link = event.target.closest("[data-earlier]");
    if (!link || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    load(link);
  });

  if ("IntersectionObserver" in window) {
    new IntersectionObserver((seen) => {
      const link = one("[data-earlier]", place);
      if (link && scrollY > 0 && seen.some((entry) => entry.isIntersecting)) load(link);
    }, { rootMargin: "200px 0px 0px" }).observe(place);
  }

  return {
    point,
    /** A message that was shown again: fetch its words. */
    async refetch(seq) {
      const li = messages.find(seq);
      if (!li) return;
      const page = await fetchPage(`?before=${seq + 1}`);
      const there = one(`#m${seq}`, page);
      if (!there || !messages.find(seq)) return;
      there.dataset.asOf = one("[data-log] ol", page).dataset.head ?? "0";
      li.replaceWith(there);
      messages.regroup(there);
      const next = there.nextElementSibling;
      if (next?.matches(".msg")) messages.regroup(next);
    },
  };
}

/** @param {string} href */
async function fetchPage(href) {
  const answer = await fetch(href, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}
