// Keys for everything; a letter alone counts only where nobody is typing.

import { byId, h } from "./dom.js";

/** `acts` are `{key, words, act}`; `key` is that of a KeyboardEvent. `escape()` closes something. */
export function setUpShortcuts(acts, escape) {
  byId("shortcuts-list").replaceChildren(
    ...[...acts, { key: "Enter", words: "in the dial field: dial" }, { key: "Escape", words: "close what is open, or empty the dial field" }, { key: "↑ ↓", words: "in a ladder: from message to message" }].map(
      ({ key, words }) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, words)),
    ),
  );
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return; // it has its own keys
    if (event.key === "Escape") {
      escape();
      return;
    }
    if (event.target.matches("input, textarea, select")) return;
    const found = acts.find(({ key }) => key === event.key);
    if (!found) return;
    event.preventDefault();
    found.act();
  });
}
