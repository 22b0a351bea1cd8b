// Elements are made from parts, and every text becomes a text node: names and numbers come from
// strangers, so nothing here is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** The element of that id. */
export const byId = (id) => document.getElementById(id);

/**
 * An HTML element. An attribute that is a function is called for that event (`onclick`); true
 * stands alone; false, null and undefined are left out, among the children too.
 */
export const h = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);

/** An SVG element, as `h`. */
export const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/** An icon of the sprite in index.html. */
export const icon = (name) =>
  svg("svg", { "aria-hidden": "true" }, svg("use", { href: `#icon-${name}` }));

function fill(element, attributes = {}, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Calls `act` once, `milliseconds` after the last call of what is returned. */
export function debounced(act, milliseconds) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds, ...values);
  };
}

/** Calls `act` at most once in `milliseconds`, and never leaves the last call out. */
export function throttled(act, milliseconds) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      act();
    }, milliseconds);
  };
}
