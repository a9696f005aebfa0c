// The last way to the log, which gets through wherever pages do: ask, wait for the answer, ask again. POST to write.

import { Turned, ask, tell, welcome } from "./http.js";

const WAIT_S = 25;
const SLACK_MS = 15_000;
/** Whoever wants less data waits a little, so that what is said meanwhile comes in one answer. */
const GATHER_MS = 5_000;

/**
 * @param {string} address of the live door
 * @returns {import("./socket.js").Transport}
 */
export function pollTransport(address) {
  /** @type {import("./socket.js").Ears} */
  let ears;
  /** @type {AbortController | null} */
  let reading = null;
  /** @type {any} the beginning, until its user asks for the room */
  let held = null;
  /** @type {number | null} */
  let asked = null;
  let welcomed = false;

  async function read() {
    reading?.abort();
    const mine = (reading = new AbortController());
    let timer = 0;
    // With the state at first, and whenever nothing came for a while: what is not in the log shows only there.
    let how = { wait: 0, state: 1 };
    try {
      for (;;) {
        const [place] = ears.places();
        if (!place) return;
        timer = setTimeout(() => mine.abort(), how.wait * 1000 + SLACK_MS);
        const door = `${address}${encodeURIComponent(place.room)}/`;
        const told = await (await ask(door, "events", place, ears, { ...how, signal: mine.signal })).json();
        clearTimeout(timer);
        if (reading !== mine) return;
        ears.onSteady();
        how = { wait: WAIT_S, ...(told.ev.length ? {} : { state: 1 }) };
        if (told.subd) begin(told);
        else if (told.mode === "reset") how = { wait: 0, state: 1 };
        else if (told.ev.length) ears.onFrame({ t: "batch", room: place.room, ev: told.ev }, 0);
        if (told.ev.length && "saveData" in document.documentElement.dataset) await new Promise((done) => setTimeout(done, GATHER_MS));
        if (reading !== mine) return;
      }
    } catch (error) {
      clearTimeout(timer);
      if (reading !== mine || error instanceof Turned) return;
      reading = null;
      ears.onClose(1006);
    }
  }

  function begin(told) {
    held = told;
    if (welcomed) give();
    else {
      welcomed = true;
      // Its user answers with `sub`.
      ears.onFrame(welcome(told.subd), 0);
    }
  }

  function give() {
    const { subd, ev } = held;
    held = null;
    ears.onFrame({ ...subd, id: asked }, 0);
    asked = null;
    if (ev.length) ears.onFrame({ t: "batch", room: subd.room, ev }, 0);
  }

  return {
    open(user) {
      ears = user;
      welcomed = false;
      asked = held = null;
      read();
    },
    send(frame) {
      if (frame.t !== "sub") tell(address, frame, ears);
      else {
        asked = frame.id;
        if (held) give();
        else read();
      }
    },
    close() {
      const old = reading;
      reading = null;
      old?.abort();
    },
  };
}
