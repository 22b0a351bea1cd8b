// The lines: whose phone each calls, whether it is registered, and why not. Where there are many,
// those with a problem come first, and one searches for the others.

import { byId, debounced, h } from "./dom.js";

const WORDS = {
  unregistered: "does not register",
  registering: "registering",
  registered: "registered",
  failed: "registration failed",
  unregistering: "leaving",
};
const FEW = 10; // that are all looked at
const SHOWN = 50; // at once

export class Lines {
  #api;
  #on;
  #all = [];
  #usable = "";
  #timer = 0;
  #list = byId("lines");
  #search = byId("line-search");

  /** `on`: lines(all) where there are others, or others are active; problem(error). */
  constructor(api, on) {
    this.#api = api;
    this.#on = on;
    this.#search.addEventListener("input", debounced(() => this.#show(), 100));
  }

  /** Something happened to a line: read them soon, the more there are the later. */
  take() {
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.load().catch(this.#on.problem);
    }, 150 + this.#all.length);
  }

  async load() {
    const { lines } = await this.#api.get("lines");
    const well = ({ problem }) => (problem ? 0 : 1);
    this.#all = lines.length > FEW ? lines.toSorted((one, other) => well(one) - well(other)) : lines;
    this.#show();
    const usable = JSON.stringify(lines.map(({ name, active }) => [name, active]));
    if (usable !== this.#usable) this.#on.lines(lines);
    this.#usable = usable;
  }

  #show() {
    const many = this.#all.length > FEW;
    const wanted = many ? this.#search.value.trim().toLowerCase() : "";
    const found = this.#all.filter(({ name, account, phone }) =>
      [name, account, phone].some((text) => text.toLowerCase().includes(wanted)),
    );
    this.#list.replaceChildren(...found.slice(0, SHOWN).map(row));
    if (many) this.#list.tabIndex = 0; // it scrolls
    else this.#list.removeAttribute("tabindex");
    this.#search.hidden = byId("lines-words").hidden = !many;
    byId("lines-words").textContent = many ? summary(this.#all, found, wanted) : "";
  }
}

function summary(all, found, wanted) {
  const registered = all.filter(({ registration }) => registration === "registered").length;
  const problems = all.filter(({ problem }) => problem).length;
  return [
    wanted ? `${found.length} of ${all.length} lines` : `${all.length} lines, ${registered} registered`,
    !wanted && problems && `${problems} with a problem`,
    found.length > SHOWN && `the first ${SHOWN} are shown`,
  ]
    .filter(Boolean)
    .join(", ");
}

function row({ name, account, phone, strategies, active, registration, watching, problem }) {
  const state = active ? (WORDS[registration] ?? registration) : "not active";
  return h(
    "li",
    { class: `line ${active ? registration : "inactive"}` },
    h("span", { class: "dot", "aria-hidden": "true" }),
    h("span", { class: "name" }, name),
    h("span", { class: "state" }, state, watching && ", watched"),
    h("span", { class: "about quiet" }, bare(account), " calls ", bare(phone), " by ", h("span", { class: "whole" }, strategies.join(", "))),
    problem && h("span", { class: "notice" }, problem),
  );
}

const bare = (uri) => uri.replace(/^sips?:/, "");
