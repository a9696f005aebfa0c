// Which way to the log: the socket; where a network breaks sockets, a stream; where it holds streams back, asking again
// and again. What works is kept, and a better way is tried beside it now and then: when it opens, it takes over.

import { SILENT, socketTransport } from "./socket.js";

const TRIES = 2;
const SOON_MS = 30_000;
const AGAIN_MS = 300_000;
const PATIENCE_MS = 12_000;
const HEALTH_MS = 5_000;
const FINAL = new Set(["auth", "suspended"]);
const KEPT = "porchlight-way";

/** The best first. The others are fetched when they are needed. */
const WAYS = [
  async (address) => socketTransport(address),
  async (address) => (await import("./stream.js")).streamTransport(address),
  async (address) => (await import("./poll.js")).pollTransport(address),
];

/**
 * @param {string} address of the live door
 * @returns {import("./socket.js").Transport}
 */
export function anyWay(address) {
  let at = kept();
  /** How often this way failed while others would have got through. */
  let strikes = 0;
  let checked = Promise.resolve();
  /** @type {{transport?: import("./socket.js").Transport, steady?: boolean} | null} */
  let current = null;
  /** @type {import("./socket.js").Ears | null} */
  let user = null;
  let trying = false;
  let timer = 0;

  function move(way) {
    at = way;
    strikes = 0;
    keep(way);
    clearTimeout(timer);
    if (at) timer = setTimeout(tryBetter, AGAIN_MS);
  }

  /** @param {number} weight */
  function failed(run, weight) {
    if (run.steady || at === WAYS.length - 1 || !user?.places().length) return;
    checked = httpWorks().then((works) => {
      if (works) strikes += weight;
    });
  }

  const heard = (run, ears) => ({
    places: ears.places,
    onSteady() {
      run.steady = true;
      if (run === current) strikes = 0;
    },
    onFrame(frame, bytes) {
      if (frame.t === "gone") {
        run.steady = true;
        if (FINAL.has(frame.code)) user = null;
      }
      // What was sent by the way before is still answered there.
      if (run === current || frame.t === "ok" || frame.t === "err") ears.onFrame(frame, bytes);
    },
    onClose(code) {
      if (run !== current) return;
      current = null;
      run.transport?.close();
      failed(run, code === SILENT ? TRIES : 1);
      ears.onClose(code);
    },
  });

  async function start(run, ears) {
    await checked;
    try {
      if (run !== current) return;
      const way = strikes >= TRIES ? at + 1 : at;
      const transport = await WAYS[way](address);
      if (run !== current) return;
      if (way !== at) move(way);
      run.transport = transport;
      transport.open(heard(run, ears));
    } catch {
      if (run !== current) return;
      current = null;
      ears.onClose(1006);
    }
  }

  /** @returns {Promise<any>} the welcome, or nothing */
  async function tryOut(run, way, ears) {
    run.transport = await WAYS[way](address).catch(() => undefined);
    return new Promise((done) => {
      const patience = setTimeout(() => done(null), PATIENCE_MS);
      const end = (welcome) => {
        clearTimeout(patience);
        done(welcome);
      };
      if (!run.transport) return end(null);
      const listening = heard(run, ears);
      run.transport.open({
        ...listening,
        onFrame: (frame, bytes) => (frame.t === "welcome" && run !== current ? end(frame) : listening.onFrame(frame, bytes)),
        onClose: (code) => (run === current ? listening.onClose(code) : end(null)),
      });
    });
  }

  async function tryBetter() {
    clearTimeout(timer);
    if (!at || trying || !user) return;
    trying = true;
    for (let way = 0; way < at; way += 1) {
      const run = {};
      const welcome = await tryOut(run, way, user);
      if (!welcome) {
        run.transport?.close();
        continue;
      }
      move(way);
      const old = current;
      // While the link is down its user comes back by itself, this way.
      if (!old) run.transport.close();
      else {
        current = run;
        old.transport?.close();
        user.onFrame(welcome, 0);
      }
    }
    trying = false;
    clearTimeout(timer);
    if (at) timer = setTimeout(tryBetter, AGAIN_MS);
  }

  addEventListener("online", tryBetter);
  navigator.connection?.addEventListener?.("change", tryBetter);
  if (at) timer = setTimeout(tryBetter, SOON_MS);

  return {
    get slower() {
      return at > 0;
    },
    open(ears) {
      user = ears;
      current?.transport?.close();
      const run = (current = {});
      start(run, ears);
    },
    send(frame) {
      current?.transport?.send(frame);
    },
    close() {
      const run = current;
      current = null;
      run?.transport?.close();
      if (run?.transport) failed(run, 1);
    },
  };
}

/** Whether pages get through, so that it is the way that doesn't. */
async function httpWorks() {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), HEALTH_MS);
  try {
    return (await fetch("/healthz", { cache: "no-store", redirect: "error", signal: giveUp.signal })).ok;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function kept() {
  try {
    return Math.min(Number(sessionStorage.getItem(KEPT)) || 0, WAYS.length - 1);
  } catch {
    return 0;
  }
}

function keep(way) {
  try {
    sessionStorage.setItem(KEPT, String(way));
  } catch {
    // Then the next page finds its way by itself.
  }
}
