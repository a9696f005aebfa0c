// The state of the link in words, right above the composer; nothing when all is well.

import { icon, make, one, quiet } from "./dom.js";

const SOON_MS = 2500;

/** @param {import("../live/connection.js").Connection} connection */
export function linkWords(connection) {
  const region = one("[data-link]");
  let timer = 0;
  let degraded = false;
  let over = false;
  let everUp = false;
  let saysDown = false;

  function say(iconName, head, words, ...more) {
    region.replaceChildren(make("p", { class: "notice" }, icon(iconName), make("span", {}, make("b", {}, head), ` ${words} `, ...more)));
  }

  function show(state) {
    clearTimeout(timer);
    if (over) return;
    if (state === "up") {
      everUp = true;
      saysDown = false;
      if (degraded) say("clock", "Words may take a few seconds to show.", "None are lost.");
      else if (connection.transport.slower) region.replaceChildren(make("p", { class: "meta" }, "On a slower way in. Everything still arrives."));
      else region.replaceChildren();
    } else if (state === "over") ended(connection.reason);
    else if (!saysDown) timer = setTimeout(down, state === "down" ? 300 : SOON_MS);
  }

  function down() {
    saysDown = true;
    say("cut", everUp ? "The link is down." : "There is no link yet.", "Keep writing. It goes out when the link is back.", quiet("Try now", () => connection.tryNow()));
  }

  function ended(reason) {
    if (reason === "suspended") {
      say("hide", "Your place here is paused.", "What you had not sent stays on this device.", make("a", { href: "/help/" }, "Help is still here"));
    } else {
      const back = `/accounts/login/?next=${encodeURIComponent(location.pathname)}`;
      say("exit", "You are signed out.", "What you had not sent stays here under your name.", make("a", { href: back }, "Sign in again"));
    }
  }

  connection.on("state", show);
  connection.on("status", (frame) => {
    degraded = frame.bus === "degraded";
    show(connection.state);
  });

  return {
    /** The room itself is over for this member; `left`: words of theirs stand on the page. */
    gone(code, left) {
      over = true;
      clearTimeout(timer);
      const kept = left ? " What you had not sent is kept here, to copy." : "";
      if (code === "closed") {
        say("lamp", "This room has closed.", "What was said stays readable.", make("a", { href: "/" }, "See what is open"));
      } else if (code === "left") {
        say("exit", "You have left this group.", `Its rooms are closed to you now.${kept}`, make("a", { href: "/groups/" }, "Your groups"));
      } else if (code === "ended") {
        say("lamp", "This conversation has ended.", `It is closed for both of you.${kept}`, make("a", { href: "/direct/" }, "One to one"), " · ", make("a", { href: "/help/" }, "Help now"));
      } else {
        say("exit", "You are no longer in this room.", `A moderator has removed you from the group.${kept}`,
          make("a", { href: "/groups/" }, "Your groups"), " · ", make("a", { href: "/help/" }, "Help now"));
      }
    },
  };
}
