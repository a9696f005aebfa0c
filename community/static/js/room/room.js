// The room, live: puts the parts together. Without this file the page is the same page, with forms and links.

import { Connection } from "../live/connection.js";
import { Outbox, Sender } from "../live/outbox.js";
import { anyWay } from "../live/ways.js";
import { actor, complaints } from "./acts.js";
import { announcer } from "./announce.js";
import { coverAll } from "./blocks.js";
import { composer } from "./composer.js";
import { all, make, one, quiet, written } from "./dom.js";
import { Floor } from "./floor.js";
import { scrollBack } from "./history.js";
import { linkWords } from "./link.js";
import { markOf } from "./marks.js";
import { keysHelp, menus } from "./menus.js";
import { Messages } from "./messages.js";
import { People } from "./people.js";
import { presence } from "./presence.js";
import { keepPlace } from "./scroll.js";
import { typing } from "./typing.js";
import { waiting } from "./waiting.js";
import { timesIn } from "./words.js";

async function open(page) {
  const { room: name, me, handle, zone, epoch, head } = page.dataset;
  const led = "led" in page.dataset;
  const people = new People(me);
  people.know(me, handle);
  const times = timesIn(zone);
  const connection = new Connection(anyWay("/live/"));
  const complain = complaints();
  const act = actor(connection, name, complain);
  const voice = announcer();
  const floor = new Floor({ people, times, act, say: voice.say });
  const messages = new Messages(one("[data-log]"), people, times, {
    get keepsOrder() {
      return floor.can("moderate");
    },
  });
  messages.asOf = Number(head);
  const outbox = await Outbox.open(me);
  const sender = new Sender(outbox, connection);
  const place = keepPlace();
  const link = linkWords(connection);
  const history = scrollBack(messages, { fail: complain });
  messages.box.append(keysHelp());

  const words = composer({
    floor, act, draftName: `porchlight-draft ${me} ${name}`,
    quote: (seq) => messages.quote(seq),
    async send(parts) {
      writers.stop();
      seeAll();
      await outbox.add(...parts.map((part) => ({ room: name, ...part })));
      floor.finished();
      sender.kick();
      if (connection.state === "up" && Date.now() - connection.heardAt > 10_000) connection.probe();
    },
  });
  const queue = waiting({
    name, outbox, sender, connection, messages,
    giveBack: (text) => {
      words.field.value = words.field.value ? `${text}\n${words.field.value}` : text;
      words.field.dispatchEvent(new Event("input"));
      words.field.focus();
    },
  });
  queue.onAdded(() => place.down());
  floor.onChange = words.show;
  // Whoever wants less data neither tells nor hears who is writing.
  const less = "saveData" in document.documentElement.dataset;
  const writers = typing(words.field, (on) => less || connection.tell({ t: "typing", room: name, on }), people, () => place.grown(false));
  const restrict = menus({ messages, people, floor, act, reply: (seq) => words.answer(seq), blocked: showBlocks, complain });
  const here = presence(people, (id) => [
    ...(floor.chairs ? [floor.giveButton(id)] : []),
    ...(floor.can("moderate") ? [quiet("Mute", () => restrict.mute(id)), quiet("Remove", () => restrict.remove(id))] : []),
  ]);

  /** Whom I blocked has changed, here or in another tab. */
  function showBlocks() {
    coverAll(messages);
    if (floor.state) floor.set({ blocked: [...people.blocked] });
    here.show();
    place.grown(false);
  }

  /** @param {any} state */
  function learn(state) {
    const before = [...people.blocked].join();
    floor.set(state);
    if ([...people.blocked].join() !== before) showBlocks();
  }

  /** Looking at the newest message, with the page in front. */
  const looking = () => document.visibilityState === "visible" && document.hasFocus() && place.pinned;
  let sawAll = false;
  function see() {
    if (!looking()) return;
    sawAll = true;
    connection.seen(name);
  }
  const seeAll = () => messages.unmarkNew();
  place.onEnd(see);
  addEventListener("focus", see);
  document.addEventListener("visibilitychange", see);

  function posted(event, live) {
    const mine = event.by?.id === me;
    const wasWaiting = mine && event.key ? queue.arrived(event.key) : false;
    const watched = looking();
    const li = messages.posted(event);
    if (event.by) writers.done(event.by.id);
    if (!li) return;
    if (mine) messages.markSent(li);
    else {
      if (live && !watched) {
        // What stood under the old marker has been seen since.
        if (sawAll) messages.unmarkNew();
        sawAll = false;
        messages.markNew(li);
      }
      if (live && one(".read", li)) {
        const note = li.dataset.note;
        if (!people.blocked.has(event.by?.id)) {
          voice.message(event.seq, people.handle(event.by?.id), note ? `content note, ${note}` : written(one(".read", li)));
        }
      }
    }
    if (live && !wasWaiting) li.classList.add("fresh");
    place.grown(!mine && !people.blocked.has(event.by?.id));
    if (place.pinned) messages.trim((seq) => history.point(seq));
  }

  connection.follow(name, { epoch, since: Number(head) }, {
    onSub(frame) {
      if (frame.mode === "reset") {
        messages.clear();
        messages.asOf = 0;
        history.point(frame.since > (frame.min_seq ?? 1) - 1 ? frame.since + 1 : null);
      }
      learn(frame.state);
      queue.update();
    },
    onEvent(event, live) {
      switch (event.type) {
        case "message.posted":
          posted(event, live);
          break;
        case "message.edited":
          messages.edited(event);
          words.requote(event.data.seq);
          break;
        case "message.hidden":
          messages.hidden(event);
          voice.unsay(event.data.seq);
          words.requote(event.data.seq);
          break;
        case "message.restored":
          history.refetch(event.data.seq).catch(() => complain("A message was shown again. Reload the page to read it."));
          break;
        case "reaction.set":
          messages.reacted(event);
          break;
        default: {
          const mark = led ? markOf(event, people) : null;
          if (mark) messages.mark(event.seq, mark);
          if (live) floor.apply(event);
          if (mark) place.grown(false);
        }
      }
      if (live && event.by) floor.present(event.by.id, true);
      see();
    },
    onFrame(frame) {
      if (frame.t === "pres") here.heard(frame, (id, on) => floor.present(id, on));
      else if (frame.t === "eph" && frame.kind === "typing" && !less) writers.heard(frame);
      else if (frame.t === "you") {
        if (frame.state) learn(frame.state);
        if (frame.card) card(frame.card);
      }
    },
    onGone(code) {
      floor.over = code;
      sender.shut.add(name);
      link.gone(code, words.field.value !== "" || one(".waiting") !== null);
      words.show();
      queue.update();
      for (const part of all("[data-turn], .line, [data-typing]")) part.hidden = true;
    },
  });

  /** Help that is meant for this person alone. */
  function card(what) {
    const links = (what.links ?? []).map((one_) => make("a", { class: "btn", href: one_.href }, one_.label));
    const box = make("div", { class: "notice care", role: "alert" },
      make("div", { class: "fill" }, make("b", {}, what.title ?? "Help is here"), make("p", {}, what.text ?? ""),
        make("p", { class: "btns" }, ...(links.length ? links : [make("a", { class: "btn", href: "/help/" }, "Help now")]),
          quiet("Not now", () => box.remove()))));
    one(".dock").prepend(box);
  }

  connection.on("state", (state) => {
    if (state !== "over") return;
    floor.over = connection.reason;
    words.show();
  });
  await queue.update();
  place.open();
  connection.start();
  sender.kick();
}

const page = one("[data-room]");
if (page) open(page);
