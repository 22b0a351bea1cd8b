// Numbers as people read them. The API knows how (it explains numbers as the line reads them);
// what is dialled or copied is the number as it was told.

import { h } from "./dom.js";

const MOST = 1000; // that are remembered

export class Numbers {
  #api;
  #known = new Map();

  constructor(api) {
    this.#api = api;
    document.addEventListener("copy", copyAsTold);
  }

  /** `number` as people read it; as it is where that is not known. */
  formatted(number, line) {
    const key = `${line} ${number}`;
    if (!this.#known.has(key)) {
      if (this.#known.size >= MOST) this.#known.delete(this.#known.keys().next().value);
      this.#known.set(key, this.#ask(number, line));
    }
    return this.#known.get(key);
  }

  /** An element that shows it. */
  element(number, line) {
    const place = h("span", { class: "number", "data-number": number }, number);
    this.formatted(number, line).then((text) => {
      if (text !== number) place.textContent = text;
    });
    return place;
  }

  async #ask(text, line) {
    if (!/\d{4}/.test(text) || text.includes("@")) return text; // there is nothing to set apart
    try {
      return (await this.#api.get("numbers", { text, line })).formatted;
    } catch {
      return text; // no number as this line reads them
    }
  }
}

/** Whoever copies a whole number gets it as it was told. */
function copyAsTold(event) {
  const selection = getSelection();
  const { anchorNode: node } = selection;
  const place = (node instanceof Element ? node : node?.parentElement)?.closest("[data-number]");
  if (!place || selection.toString().trim() !== place.textContent) return;
  event.clipboardData.setData("text/plain", place.dataset.number);
  event.preventDefault();
}
