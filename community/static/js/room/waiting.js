// Words that are not yet in the database, shown at the end of the list with what is true of them.

import { all, icon, make, one, quiet } from "./dom.js";
import { notSent, putOff } from "./words.js";

const GRACE_MS = 1000;

/**
 * @param {object} room
 * @param {string} room.name
 * @param {import("../live/outbox.js").Outbox} room.outbox
 * @param {import("../live/outbox.js").Sender} room.sender
 * @param {import("../live/connection.js").Connection} room.connection
 * @param {import("./messages.js").Messages} room.messages
 * @param {(text: string) => void} room.giveBack puts words into the field again
 */
export function waiting({ name, outbox, sender, connection, messages, giveBack }) {
  const { list } = messages;
  const find = (key) => one(`[data-key="${key}"]`, list);

  function row(item) {
    const read = make("div", { class: "read" });
    for (const part of item.text.split(/\n{2,}/)) {
      const lines = part.split("\n").flatMap((line, at) => (at ? [make("br"), line] : [line]));
      read.append(make("p", {}, ...lines));
    }
    const li = make("li", { class: "msg", "data-key": item.key, "data-at": item.at }, read);
    const above = list.lastElementChild;
    if (above?.matches("[data-key]") || above?.dataset.by === messages.people.me) li.classList.add("on");
    else messages.name(li, messages.people.me);
    return li;
  }

  function describe(li, item) {
    const up = connection.state === "up";
    const fresh = up && !item.refused && Date.now() - item.n < GRACE_MS;
    for (const old of all(".state, .wrong", li)) old.remove();
    li.classList.toggle("waiting", !fresh);
    if (fresh) {
      setTimeout(update, GRACE_MS);
      return;
    }
    const takeBack = quiet(item.refused ? "Discard" : "Take back", async () => {
      await outbox.remove(item.key);
      if (!item.refused) giveBack(item.text);
    });
    if (item.refused) {
      const again = quiet("Try again", () => outbox.settle(item, undefined));
      const copy = quiet("Copy", () => navigator.clipboard?.writeText(item.text));
      li.append(
        make("p", { class: "wrong" }, icon("note"), make("span", {}, notSent(item.refused))),
        make("p", { class: "state" }, ...(connection.state === "over" || sender.shut.has(name) ? [] : [again]), copy, takeBack),
      );
      return;
    }
    const kept = outbox.isKept(item.key) ? "Kept on this device." : "Kept only while this page is open.";
    const delayed = putOff[sender.putOff.get(item.key)];
    const words = sender.shut.has(name) ? "Not sent. " : up ? (delayed ?? "Sending. ") : "Waiting for the link. ";
    const now = quiet("Try now", () => {
      connection.tryNow();
      sender.kick();
    });
    li.append(make("p", { class: "state" }, icon("clock"), words + kept, ...(up || connection.state === "over" ? [] : [" ", now]), takeBack));
  }

  let running = Promise.resolve();
  /** Make the list agree with the outbox; one at a time. */
  function update() {
    running = running.then(async () => {
      const items = (await outbox.all()).filter((item) => item.room === name);
      const keys = new Set(items.map((item) => item.key));
      for (const li of all("[data-key]", list)) {
        if (!keys.has(li.dataset.key) && !li.dataset.seq) li.remove();
      }
      for (const item of items) {
        let li = find(item.key);
        if (li?.dataset.seq) continue;
        if (one(`[data-sent-key="${item.key}"]`, list)) {
          // It is on the page, so it is in the database: only the answer was lost.
          li?.remove();
          outbox.remove(item.key);
          continue;
        }
        if (!li) {
          li = row(item);
          list.append(li);
          added(li);
        }
        describe(li, item);
      }
    });
    return running;
  }

  /** @type {(li: HTMLElement) => void} */
  let added = () => {};

  sender.onSent = (item, answer) => {
    const li = find(item.key);
    if (!li || item.room !== name) return;
    if (messages.find(answer.seq)) {
      li.remove();
      return;
    }
    // In the database; the event itself may still be on its way.
    li.dataset.seq = String(answer.seq);
    li.classList.remove("waiting");
    for (const old of all(".state, .wrong", li)) old.remove();
    li.append(make("p", { class: "state" }, icon("tick"), "Sent"));
  };
  sender.onPutOff = update;
  outbox.onChange(update);
  connection.on("state", update);

  return {
    update,
    /** @param {(li: HTMLElement) => void} act */
    onAdded: (act) => (added = act),
    /** The event of one of these came: its place is taken by the real message. */
    arrived(key) {
      const li = find(key);
      if (!li) return false;
      li.remove();
      outbox.remove(key);
      return true;
    },
    /** Something here is not sent. */
    async any() {
      return (await outbox.all()).some((item) => item.room === name && !item.refused);
    },
  };
}
