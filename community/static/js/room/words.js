// The house's words that change while the page is open; the server says the same ones in transcript.py and panel.py.

const QUOTE_CHARS = 60;
const ANNOUNCED_CHARS = 160;

/** @param {string} zone IANA name of the member's zone */
export function timesIn(zone) {
  const part = new Intl.DateTimeFormat("en-US", { timeZone: zone, hour: "numeric", minute: "2-digit", hour12: true });
  const dayPart = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
  const weekday = new Intl.DateTimeFormat("en-US", { timeZone: zone, weekday: "long", month: "long", day: "numeric" });
  const day = (at) => dayPart.format(new Date(at));
  return {
    /** @param {string | Date} at */
    clock(at) {
      const found = Object.fromEntries(part.formatToParts(new Date(at)).map((one) => [one.type, one.value]));
      return `${found.hour}:${found.minute} ${found.dayPeriod.toLowerCase()}`;
    },
    day,
    /** @param {string | Date} at */
    dayName(at, now = new Date()) {
      if (day(at) === day(now)) return "Today";
      if (day(at) === day(new Date(now.getTime() - 86_400_000))) return "Yesterday";
      const year = day(at).slice(0, 4);
      return weekday.format(new Date(at)) + (year === day(now).slice(0, 4) ? "" : `, ${year}`);
    },
  };
}

/** @param {number} number */
export function ordinal(number) {
  const ending = { 1: "st", 2: "nd", 3: "rd" }[number % 10];
  return number + (ending && ![11, 12, 13].includes(number % 100) ? ending : "th");
}

/** @param {string} words */
export function shortened(words, most = QUOTE_CHARS) {
  const flat = words.trim().replace(/\s+/g, " ");
  if (flat.length <= most) return flat;
  const cut = flat.slice(0, most);
  return `${cut.includes(" ") ? cut.slice(0, cut.lastIndexOf(" ")) : cut}…`;
}

/** @param {string} words */
export const announced = (words) => shortened(words, ANNOUNCED_CHARS);

/** @param {string} until */
export const minutesLeft = (until, now = Date.now()) => Math.round((Date.parse(until) - now) / 60_000);

/** @param {string | null} until */
export function timeLeft(until, now = Date.now()) {
  if (!until) return "";
  const minutes = minutesLeft(until, now);
  if (minutes < 1) return "The time is about over.";
  return `About ${minutes} minute${minutes === 1 ? "" : "s"} left.`;
}

/**
 * As `community.members.initials` has them: whole letters with their marks; two of a script that has capitals.
 * @param {string} handle
 */
export function initials(handle) {
  const words = handle.split(/[\s-]+/).map((word) => word.match(/[\p{L}\p{N}]\p{M}*/gu) ?? []).filter((letters) => letters.length);
  const two = words.length > 1 ? [words[0][0], words[1][0]] : (words[0] ?? []).slice(0, 2);
  const capitals = two.map((letter) => letter.toUpperCase());
  if (two.some((letter, at) => letter.length !== capitals[at].length)) return two.join("");
  return two.some((letter, at) => letter.toLowerCase() !== capitals[at] || /\p{N}/u.test(letter)) ? capitals.join("") : (two[0] ?? "");
}

/** @param {string} id */
export const hue = (id) => (parseInt(id.slice(0, 8), 16) % 4) + 1;

/** Who may write, where a meeting has it otherwise than its part says. */
export const WRITES = {
  all: "Anyone may write.",
  turn: "One person at a time has the floor.",
  hosts: "The facilitators write; everyone else listens.",
  none: "Nobody writes for now.",
};

/** @param {string} name @param {boolean} me */
export const chairWords = (name, me) => `${me ? "You have" : `${name} has`} the chair now.`;

/** Why a turn ended, where that is worth a line. */
export function ended(why, name, me) {
  if (why === "passed") return me ? "You pass this time." : `${name} passes this time.`;
  if (why === "away") return me ? "Your link was down; your place is kept first in line." : `${name}’s link is down; their place is kept first in line.`;
  return "";
}

/** Why words were not sent, by the code of the refusal. */
const NOT_SENT = {
  muted: "Not sent: a moderator has asked you to read only, for now.",
  not_your_turn: "Not sent: someone else has the floor.",
  closed: "Not sent: the room had closed.",
  not_found: "Not sent: you are no longer in this room.",
  too_large: "Not sent: it is too long for one message.",
  held: "Not sent: it needs a moderator’s look first.",
};

/** Why words are not sent yet, though the link is up. */
export const putOff = {
  rate: "Not yet: that was a lot at once. It goes out by itself in a moment. ",
  unavailable: "Not yet: the house can’t write it down right now. It is tried again by itself. ",
};

/** @param {{code: string, message: string}} refused */
export function notSent(refused) {
  return `${NOT_SENT[refused.code] ?? `Not sent: ${refused.message}`} Your words are kept here.`;
}
