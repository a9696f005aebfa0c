// What the two ways over HTTP share: asking, sending, and what the answers mean. Either reads one room, as a page does.

const ANSWER_MS = 15_000;
// The ways over HTTP hear for themselves whether the link lives.
const NO_HEARTBEAT_S = 86_400;

/** Not let in. Told to the ears, nothing more is said. */
export class Turned extends Error {}

/**
 * Read from a room after the place. Rejects with Turned, or with whatever broke the link.
 * @param {string} door of the room: `/live/porch/`
 * @param {"stream" | "events"} what
 * @param {import("./socket.js").Place} place
 * @param {import("./socket.js").Ears} ears
 * @param {{signal?: AbortSignal, wait?: number, state?: number}} [how]
 */
export async function ask(door, what, place, ears, { signal, ...how } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ epoch: place.epoch, since: place.since, ...how })) {
    if (value !== undefined) query.set(name, String(value));
  }
  const answer = await fetch(`${door}${what}/?${query}`, { signal, cache: "no-store" });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 404) ears.onFrame({ t: "gone", room: place.room, code: "removed" }, 0);
  else if (told.t === "gone") ears.onFrame(told, 0);
  else throw new Error(String(answer.status));
  throw new Turned();
}

/** @param {{member: any}} subd whose link it is */
export const welcome = (subd) => ({ t: "welcome", member: subd.member, heartbeat_s: NO_HEARTBEAT_S, limits: {} });

/**
 * What the user of the link says: words, acts and the read position go by POST; the rest has no form here.
 * @param {string} address of the live door
 * @param {any} frame
 * @param {import("./socket.js").Ears} ears
 */
export async function tell(address, frame, ears) {
  const door = `${address}${encodeURIComponent(frame.room ?? ears.places()[0]?.room)}/`;
  try {
    if (frame.t === "ping") await look(door, frame, ears);
    else if (frame.t === "send" || frame.t === "act" || frame.t === "seen") await post(door, frame, ears);
  } catch (error) {
    if (!(error instanceof Turned)) ears.onClose(1006);
  }
}

/** Is the link really there? Whatever it brings is what the other reading has missed. */
async function look(door, ping, ears) {
  const [place] = ears.places();
  if (!place) return;
  const told = await (await ask(door, "events", place, ears, { wait: 0 })).json();
  if (told.mode === "resume" && told.ev.length) ears.onFrame({ t: "batch", room: place.room, ev: told.ev }, 0);
  ears.onFrame({ t: "pong", n: ping.n }, 0);
}

async function post(door, frame, ears) {
  // The page's own token, not the cookie's: once somebody else signs in here, it opens nothing any more.
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.getAttribute("value") ?? "";
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), ANSWER_MS);
  try {
    const answer = await fetch(`${door}events/`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(frame),
      signal: giveUp.signal,
    });
    ears.onFrame(await answer.json(), 0);
  } finally {
    clearTimeout(timer);
  }
}
