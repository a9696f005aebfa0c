/**
 * Quick exit: the top bar's link, or Shift three times within five seconds with no other key between.
 * Covers the page at once, then leaves through /exit/, which signs out and clears what it can.
 * Without JavaScript the link alone does the same.
 */

const WITHIN_MS = 5000;
const PRESSES = 3;

/** Forget what people wrote here and have not sent. Nothing is waited for: leaving comes first. */
export function forget() {
  try {
    indexedDB.deleteDatabase("porchlight");
    localStorage.clear();
    sessionStorage.clear();
  } catch {
    // A browser that keeps nothing for us has nothing to forget.
  }
}

export function leave() {
  const veil = document.createElement("div");
  veil.className = "veil";
  document.body.append(veil);
  document.title = "";
  // Whoever holds the database open closes it now, or it could not be deleted.
  dispatchEvent(new Event("porchlight:leaving"));
  forget();
  if ("caches" in window) caches.keys().then((names) => names.forEach((name) => caches.delete(name)));
  location.replace("/exit/");
}

/** @type {number[]} */
let presses = [];

addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Shift") {
      presses = [];
      return;
    }
    if (event.repeat) return;
    presses = [...presses.filter((at) => event.timeStamp - at < WITHIN_MS), event.timeStamp];
    if (presses.length >= PRESSES) leave();
  },
  { capture: true },
);

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-quick-exit]")) {
    event.preventDefault();
    leave();
  }
});
