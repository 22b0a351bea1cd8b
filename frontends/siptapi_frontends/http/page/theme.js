// Light or dark: as the system has it, until somebody chooses here.

import { icon, h } from "./dom.js";
import { remember } from "./preferences.js";

const darkSystem = matchMedia("(prefers-color-scheme: dark)");

const current = () =>
  document.documentElement.dataset.theme ?? (darkSystem.matches ? "dark" : "light");

/** Lets `button` change it. */
export function setUpTheme(button) {
  const show = () => {
    const other = current() === "dark" ? "light" : "dark";
    button.replaceChildren(icon(other === "dark" ? "moon" : "sun"), h("span", { class: "unseen" }, `Use ${other} colours`));
    button.title = `Use ${other} colours`;
  };
  button.addEventListener("click", () => {
    const other = current() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = other;
    remember("theme", other);
    show();
  });
  darkSystem.addEventListener("change", show);
  show();
}
