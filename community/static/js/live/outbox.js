// Words on their way: kept in this browser, with their keys, until the server says that they are in the database.
// They belong to the member who wrote them, and leave only over a link that is that member's.

import { LinkLost } from "./connection.js";
import { LEASES, OUTBOX, openStore, result, written } from "./store.js";

const AGAIN_MS = 3_000;
const LEASE_MS = 6_000;

/**
 * @typedef {object} Item
 * @property {string} member public id of who wrote it
 * @property {string} key
 * @property {string} room
 * @property {number} n order
 * @property {string} at
 * @property {string} text
 * @property {number} [reply_to]
 * @property {string} [note]
 * @property {{code: string, message: string}} [refused] a final answer; the words stay until they are discarded
 */

/** @returns {string} a UUID, also where the page is not a secure context */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

export class Outbox {
  /**
   * @param {string} member
   * @param {IDBDatabase | null} db
   */
  constructor(member, db) {
    this.member = member;
    this.db = db;
    /** @type {Map<string, Item>} what could not be put on the disk */
    this.memory = new Map();
    /** @type {(() => void)[]} */
    this.listeners = [];
    this.last = 0;
    this.channel = "BroadcastChannel" in self ? new BroadcastChannel("porchlight-outbox") : null;
    if (this.channel) this.channel.onmessage = () => this.listeners.forEach((listener) => listener());
  }

  /** @param {string} member */
  static async open(member) {
    return new Outbox(member, await openStore());
  }

  /** @param {() => void} listener called after a change, in whichever tab it was made */
  onChange(listener) {
    this.listeners.push(listener);
  }

  #changed() {
    this.channel?.postMessage(0);
    this.listeners.forEach((listener) => listener());
  }

  /** @param {string} key whether a reload would find it again */
  isKept(key) {
    return !this.memory.has(key);
  }

  /**
   * Keep them all or none, in this order.
   * @param {...{room: string, text: string, reply_to?: number, note?: string}} words
   */
  async add(...words) {
    const items = words.map((each) => {
      this.last = Math.max(Date.now(), this.last + 1);
      return { member: this.member, key: newKey(), n: this.last, at: new Date(this.last).toISOString(), ...each };
    });
    await this.#put(...items);
    this.#changed();
  }

  async #put(...items) {
    try {
      if (!this.db) throw new Error("nothing is kept here");
      const transaction = this.db.transaction(OUTBOX, "readwrite", { durability: "strict" });
      for (const item of items) transaction.objectStore(OUTBOX).put(item);
      await written(transaction);
      for (const item of items) this.memory.delete(item.key);
    } catch {
      for (const item of items) this.memory.set(item.key, item);
    }
  }

  /** @returns {Promise<Item[]>} in the order in which they were written */
  async all() {
    let kept = [];
    try {
      if (this.db) {
        const range = IDBKeyRange.bound([this.member], [this.member, []]);
        kept = await result(this.db.transaction(OUTBOX).objectStore(OUTBOX).getAll(range));
      }
    } catch {
      this.db = null;
    }
    return [...kept, ...this.memory.values()].sort((one, other) => one.n - other.n);
  }

  /** @param {string} key sent, taken back or discarded */
  async remove(key) {
    this.memory.delete(key);
    try {
      if (this.db) {
        const transaction = this.db.transaction(OUTBOX, "readwrite");
        transaction.objectStore(OUTBOX).delete([this.member, key]);
        await written(transaction);
      }
    } catch {
      this.db = null;
    }
    this.#changed();
  }

  /**
   * @param {Item} item
   * @param {{code: string, message: string} | undefined} refused undefined: it may be tried again
   */
  async settle(item, refused) {
    await this.#put({ ...item, refused });
    this.#changed();
  }
}

/** Sends what waits, oldest first, one after the other, from one tab at a time. */
export class Sender {
  /**
   * @param {Outbox} outbox
   * @param {import("./connection.js").Connection} connection
   */
  constructor(outbox, connection) {
    this.outbox = outbox;
    this.connection = connection;
    this.busy = false;
    this.again = false;
    /** @type {(item: Item, answer: any) => void} */
    this.onSent = () => {};
    this.onPutOff = () => {};
    /** @type {Map<string, string>} key -> the code with which the server put it off */
    this.putOff = new Map();
    /** @type {Set<string>} rooms that are over for this member: nothing is sent there */
    this.shut = new Set();
    this.timer = 0;
    connection.on("welcome", () => this.kick());
    outbox.onChange(() => this.kick());
  }

  async kick() {
    clearTimeout(this.timer);
    if (this.busy) {
      this.again = true;
      return;
    }
    if (!this.#mine()) return;
    this.busy = true;
    try {
      do {
        this.again = false;
        if ((await this.#next()) && !(await alone(this.outbox, () => this.#drain()))) this.#later();
      } while (this.again && this.#mine());
    } finally {
      this.busy = false;
    }
  }

  #mine() {
    return this.connection.welcome?.member?.id === this.outbox.member;
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.kick(), AGAIN_MS);
  }

  async #next() {
    return (await this.outbox.all()).find((item) => !item.refused && !this.shut.has(item.room));
  }

  async #drain() {
    let item;
    while (this.#mine() && (item = await this.#next())) {
      const { room, key, text, reply_to, note } = item;
      let answer;
      try {
        answer = await this.connection.request({ t: "send", room, key, text, reply_to, note });
      } catch (error) {
        if (!(error instanceof LinkLost)) throw error;
        // No answer in time; if the link is gone too, the next welcome comes first.
        this.#later();
        return;
      }
      this.putOff.delete(key);
      if (answer.t === "ok") {
        this.onSent(item, answer);
        await this.outbox.remove(key);
      } else if (answer.retry) {
        this.putOff.set(key, answer.code);
        this.#later();
        this.onPutOff();
        return;
      } else {
        await this.outbox.settle(item, { code: answer.code, message: answer.message });
      }
    }
  }
}

/**
 * Do it while no other tab of this member does; false when another one is at it.
 * @param {Outbox} outbox
 * @param {() => Promise<void>} act
 * @returns {Promise<boolean>}
 */
async function alone(outbox, act) {
  const name = `porchlight-outbox-${outbox.member}`;
  if (navigator.locks) {
    await navigator.locks.request(name, act);
    return true;
  }
  // Without Web Locks (old browsers, plain http): a lease. Two tabs at once would cost order, never a repeat.
  if (!(await leased(outbox.db, name))) return false;
  const renewing = setInterval(() => leased(outbox.db, name), LEASE_MS / 3);
  try {
    await act();
  } finally {
    clearInterval(renewing);
  }
  return true;
}

const tab = newKey();

/**
 * @param {IDBDatabase | null} db
 * @param {string} name
 */
async function leased(db, name) {
  if (!db) return true;
  try {
    const transaction = db.transaction(LEASES, "readwrite");
    const leases = transaction.objectStore(LEASES);
    const lease = await result(leases.get(name));
    if (lease && lease.tab !== tab && lease.until > Date.now()) return false;
    leases.put({ name, tab, until: Date.now() + LEASE_MS });
    await written(transaction);
    return true;
  } catch {
    return true;
  }
}
