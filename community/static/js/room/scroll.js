// Staying at the newest message only while the reader is there; otherwise a button says what is below.

import { one } from "./dom.js";

const NEAR = 96;

export function keepPlace() {
  const page = /** @type {HTMLElement} */ (document.scrollingElement);
  const below = one("[data-below]");
  const button = one("button", below);
  let pinned = true;
  let waiting = 0;
  /** @type {() => void} */
  let arrived = () => {};

  let frame = 0;

  const distance = () => page.scrollHeight - page.scrollTop - innerHeight;

  function follow() {
    frame = 0;
    if (pinned) page.scrollTop = page.scrollHeight;
  }

  function show() {
    below.hidden = waiting === 0;
    button.textContent = `${waiting} new below`;
  }

  function down() {
    page.scrollTop = page.scrollHeight;
    pinned = true;
    waiting = 0;
    show();
    arrived();
  }

  addEventListener("scroll", () => {
    pinned = distance() < NEAR;
    if (pinned && waiting) {
      waiting = 0;
      show();
    }
    if (pinned) arrived();
  }, { passive: true });
  // The keyboard opens, a fold opens, the window turns: whoever was at the end stays there.
  const stay = () => pinned && (page.scrollTop = page.scrollHeight);
  const sizes = new ResizeObserver(stay);
  sizes.observe(one("[data-log]"));
  sizes.observe(one(".dock"));
  addEventListener("resize", stay);
  button.addEventListener("click", () => {
    down();
    one("#words")?.focus();
  });

  return {
    down,
    get pinned() {
      return pinned;
    },
    /** Something was added at the end; `counts` when it is someone else's message. */
    grown(counts) {
      // Once a frame, however many came: each look at the page's height costs a layout.
      if (pinned) frame ||= requestAnimationFrame(follow);
      else if (counts) {
        waiting += 1;
        show();
      }
    },
    /** @param {() => void} act called whenever the reader is at the end */
    onEnd(act) {
      arrived = act;
    },
    /** Where the page opens: at what is new, else at the end; a link to a message wins. */
    open() {
      const wanted = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
      if (wanted && wanted.matches(".msg")) {
        wanted.scrollIntoView({ block: "center" });
        pinned = distance() < NEAR;
        return;
      }
      page.scrollTop = page.scrollHeight;
      const marker = one("#new");
      if (marker && marker.getBoundingClientRect().top < 120) {
        marker.scrollIntoView({ block: "center" });
        pinned = distance() < NEAR;
      }
    },
  };
}
