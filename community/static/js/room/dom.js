// A few words for finding and making elements.

/**
 * @param {string} selector
 * @param {ParentNode} [inside]
 * @returns {any}
 */
export const one = (selector, inside = document) => inside.querySelector(selector);

/**
 * @param {string} selector
 * @param {ParentNode} [inside]
 * @returns {any[]}
 */
export const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

/** A copy of what a `<template>` of the page holds. */
export const copyOf = (id) => one(`#${id}`).content.firstElementChild.cloneNode(true);

/** @param {string} name @param {Record<string, string>} [attributes] @param {...(Node | string)} inside */
export function make(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

/** One of the icons whose shapes the page carries. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A quiet button. */
export function quiet(words, act) {
  const made = make("button", { class: "btn quiet", type: "button" }, words);
  made.addEventListener("click", act);
  return made;
}

/** Text as it was written, from what it was rendered to: paragraphs, line breaks. */
export function written(read) {
  return all("p", read).length
    ? all("p", read).map((p) => lines(p)).join("\n\n")
    : lines(read);
}

function lines(element) {
  return [...element.childNodes].map((node) => (node.nodeName === "BR" ? "\n" : node.textContent)).join("");
}
