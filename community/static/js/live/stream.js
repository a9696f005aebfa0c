// The second way to the log: Server-Sent Events to read, POST to write. By fetch rather than EventSource,
// which says neither why it was refused nor that a heartbeat came.

import { Turned, ask, tell, welcome } from "./http.js";
import { SILENT } from "./socket.js";

const FIRST_BYTE_MS = 10_000;
// The server says something every 15 s.
const QUIET_MS = 40_000;
const STEADY_MS = 10_000;
const BROKEN = 1006;

/**
 * @param {string} address of the live door
 * @returns {import("./socket.js").Transport}
 */
export function streamTransport(address) {
  /** @type {import("./socket.js").Ears} */
  let ears;
  /** @type {AbortController | null} */
  let reading = null;
  /** @type {any} the beginning, until its user asks for the room */
  let held = null;
  /** @type {any} */
  let from = null;
  /** @type {{id: number} | null} */
  let asked = null;
  let welcomed = false;

  async function read(place) {
    reading?.abort();
    const mine = (reading = new AbortController());
    from = place;
    held = null;
    let silence = 0;
    const end = (code) => {
      clearTimeout(silence);
      if (reading !== mine) return;
      reading = null;
      mine.abort();
      ears.onClose(code);
    };
    const expect = (ms, code) => {
      clearTimeout(silence);
      silence = setTimeout(end, ms, code);
    };
    expect(FIRST_BYTE_MS, SILENT);
    try {
      const answer = await ask(`${address}${encodeURIComponent(place.room)}/`, "stream", place, ears, { signal: mine.signal });
      const body = answer.body.getReader();
      const text = new TextDecoder();
      let rest = "";
      let began = 0;
      for (;;) {
        const { done, value } = await body.read();
        if (done || reading !== mine) break;
        expect(QUIET_MS, BROKEN);
        if (!began) began = Date.now();
        else if (Date.now() - began > STEADY_MS) ears.onSteady();
        const blocks = (rest + text.decode(value, { stream: true })).split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) if (reading === mine) take(block);
      }
    } catch (error) {
      if (error instanceof Turned) clearTimeout(silence);
      else end(BROKEN);
      return;
    }
    end(BROKEN);
  }

  function take(block) {
    const data = block.split("\n").find((line) => line.startsWith("data: "));
    // A comment says that the link lives.
    const frame = data ? JSON.parse(data.slice(6)) : { t: "pong" };
    if (frame.t !== "subd") ears.onFrame(frame, block.length);
    else {
      held = frame;
      if (asked) begin(asked);
      else if (!welcomed) {
        welcomed = true;
        ears.onFrame(welcome(frame), 0);
      }
    }
  }

  function begin({ id }) {
    const frame = { ...held, id };
    held = asked = null;
    ears.onFrame(frame, 0);
  }

  return {
    open(user) {
      ears = user;
      welcomed = false;
      asked = null;
      const [place] = ears.places();
      if (place) read(place);
    },
    send(frame) {
      if (frame.t !== "sub") tell(address, frame, ears);
      else if (held && from.epoch === frame.epoch && from.since === frame.since) begin(frame);
      else {
        asked = frame;
        read(frame);
      }
    },
    close() {
      const old = reading;
      reading = null;
      old?.abort();
    },
  };
}
