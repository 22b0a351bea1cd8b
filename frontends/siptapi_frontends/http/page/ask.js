// A question with yes and no, and a number where one is wanted. Escape is no.

import { byId } from "./dom.js";

/**
 * `{title, words, yes}`; with `label` a number is asked for. Resolves to true or the number; null
 * is no.
 */
export function ask({ title, words = "", yes, label = "" }) {
  const dialog = byId("ask-dialog");
  const field = byId("ask-number");
  byId("ask-title").textContent = title;
  byId("ask-words").textContent = words;
  byId("ask-yes").textContent = yes;
  byId("ask-label").textContent = label;
  byId("ask-field").hidden = !label;
  field.required = Boolean(label);
  field.value = "";
  dialog.returnValue = "no";
  dialog.showModal();
  (label ? field : byId("ask-yes")).focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => resolve(dialog.returnValue !== "yes" ? null : label ? field.value : true),
      { once: true },
    );
  });
}

/** Enter is yes, though the first button of the form is no. */
export function setUpAsk() {
  byId("ask-number").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    byId("ask-yes").click();
  });
}
