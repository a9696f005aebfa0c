// Keeps the help page, and what it needs, for when there is no connection. Nothing personal is ever kept.
const VERSION = {{ version|safe }};
const KEPT = {{ kept|safe }};
const EXIT_URL = {{ exit_url|safe }};
const OWED = "exit-owed";
const PATIENCE_MS = 1500;

addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(VERSION);
    await cache.addAll(KEPT.map((url) => new Request(url, { credentials: "omit", cache: "no-cache" })));
    await skipWaiting();
  };
  event.waitUntil(keep());
});

addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== VERSION && name !== OWED).map((name) => caches.delete(name)));
    await clients.claim();
  };
  event.waitUntil(tidy());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(open(request, url));
  } else if (KEPT.includes(url.pathname + url.search)) {
    event.respondWith(caches.match(request).then((found) => found || fetch(request)));
  }
});

async function open(request, url) {
  if (url.pathname === "/exit/") return leave(request);
  await settle();
  if (url.pathname !== "/help/") {
    return fetch(request).catch(() => caches.match("/offline/")).then((page) => page || Response.error());
  }
  const page = (await caches.match(request)) || (await caches.match("/help/"));
  const fresh = fetch(request).then((answer) => (answer.status < 500 ? answer : page || answer));
  if (!page) return fresh;
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, page));
  return Promise.race([fresh.catch(() => page), patience]);
}

// Leaving without a connection: go at once, and end the sign-in before anything else is opened later.
async function leave(request) {
  try {
    return await fetch(request);
  } catch {
    await (await caches.open(OWED)).put("/exit/", new Response(""));
    return Response.redirect(EXIT_URL);
  }
}

async function settle() {
  if (!(await caches.has(OWED))) return;
  try {
    await fetch("/exit/", { redirect: "manual" });
    await caches.delete(OWED);
  } catch {
    // Still no connection: still owed.
  }
}
