// The lines: whose phone each calls, whether it is registered, and why not.

import { byId, debounced, h } from "./dom.js";

const WORDS = {
  unregistered: "does not register",
  registering: "registering",
  registered: "registered",
  failed: "registration failed",
  unregistering: "leaving",
};

export class Lines {
  #api;
  #onLines;
  #watching = new Map();

  /** `onLines(lines)` is told whenever they are read. */
  constructor(api, onLines) {
    this.#api = api;
    this.#onLines = onLines;
    this.refresh = debounced(() => this.load(), 150);
  }

  take(event) {
    if (event.event === "watch_changed") this.#watching.set(event.line, event);
    this.refresh();
  }

  async load() {
    const { lines } = await this.#api.get("lines");
    byId("lines").replaceChildren(...lines.map((line) => this.#row(line)));
    this.#onLines(lines);
  }

  #row({ name, account, phone, strategies, active, registration, problem }) {
    const watch = this.#watching.get(name);
    const state = active ? WORDS[registration] ?? registration : "not active";
    return h(
      "li",
      { class: `line ${active ? registration : "inactive"}` },
      h("span", { class: "dot", "aria-hidden": "true" }),
      h("span", { class: "name" }, name),
      h("span", { class: "state" }, state, watch?.watching && ", watched"),
      h("span", { class: "about quiet" }, bare(account), " calls ", bare(phone), ` by ${strategies.join(", ")}`),
      problem && h("span", { class: "notice" }, problem),
    );
  }
}

const bare = (uri) => uri.replace(/^sips?:/, "");
