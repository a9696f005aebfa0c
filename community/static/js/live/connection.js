// One link to the server and the rooms followed over it, by the rules of PROTOCOL.md: a cursor for each room,
// a gap asks again, a dropped link comes back by itself, and what is final stays final.

import { backoff } from "./backoff.js";

const ANSWER_MS = 20_000;
const QUIET_MS = 10_000;
const PROBE_MS = 5_000;
const STEADY_MS = 5_000;
const ACK_MS = 1_000;
const SEEN_MS = 700;
const OFFLINE_RETRY_MS = 30_000;
const FINAL = new Map([[4401, "auth"], [4403, "suspended"]]);

/** @typedef {"connecting" | "up" | "down" | "over"} LinkState */

/**
 * One event of a log.
 * @typedef {{seq: number, type: string, by: {id: string, handle: string} | null, at: string, key: string | null, data: any}} LogEvent
 */

/**
 * Who follows a room.
 * @typedef {object} Follower
 * @property {(frame: any) => void} onSub the room's state as of `frame.head`; with mode `reset`, forget all before
 * @property {(event: LogEvent, live: boolean) => void} onEvent `live` is false for what the state already counts in
 * @property {(frame: any) => void} onFrame whatever else concerns the room: you, eph, pres
 * @property {(code: string) => void} onGone the room is over for this member
 */

const placeIn = (room) => (room.epoch ? { epoch: room.epoch, since: room.since } : {});

/** The link went before the answer came; whether it was done is not known. */
export class LinkLost extends Error {}

export class Connection {
  /** @param {import("./socket.js").Transport} transport */
  constructor(transport) {
    this.transport = transport;
    /** @type {LinkState} */
    this.state = "connecting";
    /** @type {string} why it is over */
    this.reason = "";
    /** @type {any} */
    this.welcome = null;
    /** @type {number} when the next try is due */
    this.nextTry = 0;
    this.failures = 0;
    this.numbers = 0;
    this.heardAt = 0;
    /** @type {Map<string, any>} */
    this.rooms = new Map();
    /** @type {Map<number, {done: (answer: any) => void, lost: (error: Error) => void, timer: number}>} */
    this.pending = new Map();
    /** @type {Record<string, Function[]>} */
    this.listeners = {};
    /** @type {Record<string, number>} */
    this.timers = {};
    this.wentOffline = false;
    addEventListener("online", () => {
      this.wentOffline = false;
      this.tryNow();
    });
    addEventListener("offline", () => {
      this.wentOffline = true;
      if (this.state !== "over") this.#drop();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.probe();
    });
    addEventListener("pageshow", (event) => event.persisted && this.probe());
  }

  /**
   * Names: `state`, `welcome`, `status`.
   * @param {string} name
   * @param {Function} listener
   */
  on(name, listener) {
    (this.listeners[name] ??= []).push(listener);
  }

  #say(name, ...what) {
    for (const listener of this.listeners[name] ?? []) listener(...what);
  }

  /** @param {LinkState} state */
  #become(state) {
    this.state = state;
    this.#say("state", state);
  }

  start() {
    this.#open();
  }

  /** Try at once, whatever the wait. */
  tryNow() {
    if (this.state === "down") this.#open();
  }

  /** Is the link really there? Asked when the screen wakes, and before words are sent over a silent link. */
  probe() {
    if (this.state === "down") this.#open();
    else if (this.state === "up") this.#ping(PROBE_MS);
  }

  #open() {
    this.#clear("retry");
    this.#become("connecting");
    this.#after("answer", QUIET_MS * 1.5, () => this.#drop());
    this.transport.open({
      onFrame: (frame, bytes) => this.#hear(frame, bytes),
      onClose: (code) => this.#closed(code),
      onSteady: () => {},
      places: () => [...this.rooms.values()].map((room) => ({ room: room.name, ...placeIn(room) })),
    });
  }

  #closed(code) {
    if (FINAL.has(code)) this.#end(FINAL.get(code) ?? "auth");
    else this.#drop();
  }

  #end(reason) {
    this.reason = reason;
    this.#fall();
    this.#become("over");
  }

  /** The link is gone: say so, and come back later. */
  #drop(wait = backoff(this.failures)) {
    this.failures += 1;
    this.#fall();
    // After the device itself said that it is offline, only "online" or a long wait makes another try worth it.
    const delay = this.wentOffline ? OFFLINE_RETRY_MS : wait;
    this.nextTry = Date.now() + delay;
    this.#become("down");
    this.#after("retry", delay, () => this.#open());
  }

  #fall() {
    this.transport.close();
    for (const name of Object.keys(this.timers)) this.#clear(name);
    this.welcome = null;
    for (const waiting of this.pending.values()) {
      clearTimeout(waiting.timer);
      waiting.lost(new LinkLost());
    }
    this.pending.clear();
    for (const room of this.rooms.values()) {
      clearTimeout(room.ackTimer);
      clearTimeout(room.seenTimer);
      room.ackTimer = room.seenTimer = 0;
      room.unacked = room.unackedBytes = 0;
      room.syncing = true;
    }
  }

  #after(name, ms, act) {
    this.#clear(name);
    this.timers[name] = setTimeout(act, ms);
  }

  #clear(name) {
    clearTimeout(this.timers[name]);
    delete this.timers[name];
  }

  /** @param {object} frame sent if the link is up, else forgotten */
  tell(frame) {
    if (this.welcome) this.transport.send(frame);
  }

  /**
   * Ask and wait for the `ok`, `err` or `subd`. Rejects with LinkLost.
   * @param {object} frame
   * @returns {Promise<any>}
   */
  request(frame) {
    return new Promise((done, lost) => {
      if (!this.welcome) {
        lost(new LinkLost());
        return;
      }
      const id = (this.numbers += 1);
      const timer = setTimeout(() => {
        this.pending.delete(id);
        lost(new LinkLost());
        this.probe();
      }, ANSWER_MS);
      this.pending.set(id, { done, lost, timer });
      this.transport.send({ ...frame, id });
    });
  }

  #hear(frame, bytes) {
    this.heardAt = Date.now();
    this.#clear("silence");
    const room = frame.room ? this.rooms.get(frame.room) : undefined;
    switch (frame.t) {
      case "welcome":
        this.#welcomed(frame);
        break;
      case "ok":
      case "err":
        this.#answer(frame);
        break;
      case "subd":
        if (room) this.#subscribed(room, frame);
        this.#answer(frame);
        break;
      case "ev":
        if (room) this.#take(room, [frame], bytes);
        break;
      case "batch":
        if (room) this.#take(room, frame.ev, bytes);
        break;
      case "skip":
        if (room && !room.syncing && frame.to > room.since) room.since = frame.to;
        break;
      case "gone":
        this.#gone(frame, room);
        break;
      case "status":
        this.#say("status", frame);
        break;
      case "you":
        for (const one of room ? [room] : this.rooms.values()) one.follower.onFrame(frame);
        break;
      default:
        room?.follower.onFrame(frame);
    }
  }

  #welcomed(frame) {
    this.#clear("answer");
    this.welcome = frame;
    this.#after("steady", STEADY_MS, () => (this.failures = 0));
    this.#beat();
    for (const name of this.rooms.keys()) this.#subscribe(name);
    this.#become("up");
    this.#say("welcome", frame);
  }

  #beat() {
    this.#after("beat", (this.welcome.heartbeat_s || 20) * 1000, () => {
      this.#ping(QUIET_MS);
      this.#beat();
    });
  }

  /** Any frame within `patience` proves the link alive. */
  #ping(patience) {
    this.tell({ t: "ping", n: (this.numbers += 1) });
    if (!this.timers.silence) this.#after("silence", patience, () => this.#drop());
  }

  #answer(frame) {
    const waiting = this.pending.get(frame.id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.pending.delete(frame.id);
    waiting.done(frame);
  }

  /**
   * Follow a room from the seq `since` of the log `epoch`; an earlier following of it is replaced.
   * @param {string} name
   * @param {{epoch?: string, since?: number}} place
   * @param {Follower} follower
   */
  follow(name, place, follower) {
    this.rooms.set(name, {
      name, follower, epoch: place.epoch, since: place.since ?? 0, head: place.since ?? 0, syncing: true,
      unacked: 0, unackedBytes: 0, ackTimer: 0, seen: 0, seenTimer: 0,
    });
    if (this.welcome) this.#subscribe(name);
  }

  async #subscribe(name) {
    const room = this.rooms.get(name);
    if (!room) return;
    room.syncing = true;
    try {
      const answer = await this.request({ t: "sub", room: name, ...placeIn(room) });
      if (answer.t !== "err") return;
      if (answer.retry) setTimeout(() => this.welcome && this.#subscribe(name), backoff(3) + 200);
      else this.#gone({ code: answer.code === "closed" ? "closed" : "removed" }, room);
    } catch {
      // The link went; the next welcome subscribes again.
    }
  }

  #subscribed(room, frame) {
    room.epoch = frame.epoch;
    room.since = frame.since;
    room.head = frame.head;
    room.syncing = false;
    room.follower.onSub(frame);
  }

  #take(room, events, bytes) {
    if (room.syncing) return;
    for (const event of events) {
      if (event.seq <= room.since) continue;
      if (event.seq > room.since + 1) {
        this.#subscribe(room.name);
        return;
      }
      room.since = event.seq;
      room.unacked += 1;
      room.follower.onEvent(event, event.seq > room.head);
    }
    room.unackedBytes += bytes;
    const limits = this.welcome?.limits ?? {};
    const window = limits.window_events || 1024;
    if (room.unacked >= window / 4 || room.unackedBytes >= (limits.window_bytes || 262_144) / 4) this.#ack(room);
    else if (room.unacked && !room.ackTimer) room.ackTimer = setTimeout(() => this.#ack(room), ACK_MS);
  }

  #ack(room) {
    clearTimeout(room.ackTimer);
    room.ackTimer = 0;
    room.unacked = room.unackedBytes = 0;
    this.tell({ t: "ack", room: room.name, seq: room.since });
  }

  /**
   * The person has seen the room up to where it is applied.
   * @param {string} name
   */
  seen(name) {
    const room = this.rooms.get(name);
    if (!room || room.seenTimer || room.syncing || room.since <= room.seen) return;
    room.seenTimer = setTimeout(() => {
      room.seenTimer = 0;
      room.seen = room.since;
      this.tell({ t: "seen", room: name, seq: room.since });
    }, SEEN_MS);
  }

  #gone(frame, room) {
    if (room) {
      this.rooms.delete(room.name);
      room.follower.onGone(frame.code);
    } else if (frame.code === "auth" || frame.code === "suspended") {
      this.#end(frame.code);
    } else {
      this.#drop(frame.retry_ms ?? backoff(this.failures));
    }
  }
}
