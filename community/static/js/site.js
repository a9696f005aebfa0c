/** What every page does: the quick exit, help kept for offline, and nothing left behind on a shared phone. */

import { forget } from "./quick-exit.js";

const SHARED = "porchlight-shared";
const page = document.documentElement.dataset;

// On a phone that others use, the next signed-out page clears what the last person left unsent.
try {
  if ("shared" in page) localStorage.setItem(SHARED, "1");
  else if (!page.member && localStorage.getItem(SHARED)) forget();
} catch {
  // No storage allowed: nothing was kept.
}

// What a member had not sent goes with them.
document.addEventListener("submit", (event) => {
  if (event.target instanceof Element && event.target.matches("[data-sign-out]")) forget();
});

// Going back must not show a page that was left signed in.
addEventListener("pageshow", (event) => {
  if (event.persisted && page.member) location.reload();
});

if ("serviceWorker" in navigator) {
  addEventListener("load", () => {
    navigator.serviceWorker.register("/sw.js", { updateViaCache: "all" }).catch(() => {});
  });
}
