/** What every page does: the quick exit, help kept for offline, and nothing left behind on a shared phone. */

import { forget } from "./quick-exit.js";

const SHARED = "porchlight-shared";
const page = document.documentElement.dataset;

// On a phone that others use, the next signed-out page clears what the last person left unsent.
if ("shared" in page) {
  localStorage.setItem(SHARED, "1");
} else if (!page.member && localStorage.getItem(SHARED)) {
  forget();
}

if ("serviceWorker" in navigator) {
  addEventListener("load", () => navigator.serviceWorker.register("/sw.js"));
}
