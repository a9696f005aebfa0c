// The WebSocket way to the log: one socket, JSON frames, subprotocol rooms.v1.

/**
 * What a transport tells its user.
 * @typedef {object} Ears
 * @property {(frame: any, bytes: number) => void} onFrame
 * @property {(code: number) => void} onClose called once, also when it never opened
 * @property {() => void} onSteady this way carries frames, both at once and later
 * @property {() => Place[]} places where its user stands now, in each room
 */

/** @typedef {{room: string, epoch?: string, since?: number}} Place */

/** Told in onClose: not one byte came, as behind a proxy that keeps everything until the end. */
export const SILENT = 4900;

/**
 * One way to read and append; stream.js and poll.js stand in its place, ways.js chooses.
 * @typedef {object} Transport
 * @property {(ears: Ears) => void} open
 * @property {(frame: object) => void} send
 * @property {() => void} close ends it without a further word to the ears, but for answers to what was sent
 * @property {boolean} [slower] it is not the best way there is
 */

/**
 * @param {string | URL} address of the live door, http(s)
 * @returns {Transport}
 */
export function socketTransport(address) {
  const url = new URL(address, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  /** @type {WebSocket | null} */
  let socket = null;

  return {
    open(ears) {
      const mine = (socket = new WebSocket(url, "rooms.v1"));
      const current = () => socket === mine;
      mine.onmessage = (message) => {
        if (!current()) return;
        ears.onSteady();
        ears.onFrame(JSON.parse(message.data), message.data.length);
      };
      mine.onclose = (event) => {
        if (!current()) return;
        socket = null;
        ears.onClose(event.code);
      };
    },
    send(frame) {
      if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    close() {
      const old = socket;
      socket = null;
      old?.close(1000);
    },
  };
}
