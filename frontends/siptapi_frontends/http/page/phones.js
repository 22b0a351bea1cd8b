// The demo's phones, drawn: they ring, and a click picks them up.

import { byId, h, svg } from "./dom.js";
import { Wires } from "./wires.js";

const STATES = {
  idle: () => "On the hook",
  ringing: (caller) => (caller ? `Ringing: ${caller}` : "Ringing"),
  picked_up: (caller) => `Picked up${caller ? `: ${caller}` : ""}`,
  calling: (caller) => `Calling ${caller}`,
  talking: (caller) => (caller ? `Talking with ${caller}` : "Talking"),
};
const ACTS = {
  idle: (phone, others) => [["call", `Call ${others[0] ?? "the other line"}’s line`, ""]],
  ringing: () => [["pick_up", "Pick up", "primary"], ["reject", "Reject", "danger"]],
  picked_up: () => [["hang_up", "Hang up", "danger"]],
  calling: () => [["hang_up", "Hang up", "danger"]],
  talking: () => [["hang_up", "Hang up", "danger"]],
};

export class Phones {
  #api;
  #onProblem;
  #views = new Map();
  #names = [];
  #wires = null;

  constructor(api, onProblem) {
    this.#api = api;
    this.#onProblem = onProblem;
  }

  /** Show them; the phones that there are, none where this is no demo. */
  async load() {
    let phones = [];
    try {
      ({ phones } = await this.#api.get("demo"));
    } catch (problem) {
      if (problem.status !== 404) throw problem;
    }
    if (phones.length && !this.#wires) {
      byId("stage").hidden = byId("demo-mark").hidden = false;
      this.#names = phones.map(({ name }) => name);
      this.#wires = new Wires(byId("wires"), this.#names);
    }
    for (const phone of phones) this.take(phone);
    return phones;
  }

  take(phone) {
    if (!this.#views.has(phone.name)) {
      const view = new PhoneView(phone, (act) => this.#act(phone.name, act));
      this.#views.set(phone.name, view);
      byId("phones").append(view.element);
    }
    this.#views.get(phone.name).update(phone, this.#names.filter((name) => name !== phone.name));
  }

  takeMessage(message) {
    this.#wires?.send(message);
  }

  async #act(name, act) {
    try {
      await this.#api.post(`demo/phones/${encodeURIComponent(name)}/${act}`);
    } catch (problem) {
      this.#onProblem(problem);
    }
  }
}

class PhoneView {
  #act;
  #display = svg("text", { class: "display-text", x: 93, y: 45, "text-anchor": "middle" });
  #state = h("p", { class: "phone-state", "aria-live": "polite" });
  #buttons = h("div", { class: "buttons" });

  constructor({ name, number }, act) {
    this.#act = act;
    this.element = h(
      "article",
      { class: "phone", "aria-label": `${name}’s phone` },
      drawing(this.#display),
      h("h3", {}, name, h("span", { class: "quiet" }, ` ${number}`)),
      this.#state,
      this.#buttons,
    );
  }

  update({ name, number, state, caller }, others) {
    this.element.dataset.state = state;
    this.#display.textContent = shortened(state === "idle" ? number : caller || "…");
    this.#state.textContent = STATES[state](caller);
    if (this.#buttons.dataset.state === state) return;
    const hadFocus = this.#buttons.contains(document.activeElement);
    this.#buttons.dataset.state = state;
    this.#buttons.replaceChildren(
      ...ACTS[state](name, others).map(([act, words, kind]) =>
        h("button", { type: "button", class: kind, "aria-label": `${words}, ${name}’s phone`, onclick: () => this.#act(act) }, words),
      ),
    );
    if (hadFocus) this.#buttons.querySelector("button")?.focus();
  }
}

const shortened = (text) => (text.length > 15 ? `${text.slice(0, 14)}…` : text);

const KEYS = [0, 1, 2, 3].flatMap((row) => [0, 1, 2].map((column) => [62 + column * 24, 66 + row * 15]));

const drawing = (display) =>
  svg(
    "svg",
    { class: "phone-drawing", viewBox: "0 0 160 132", "aria-hidden": "true" },
    svg("path", { class: "body", d: "M18 24h124a8 8 0 0 1 8 8v84a10 10 0 0 1-10 10H20a10 10 0 0 1-10-10V32a8 8 0 0 1 8-8Z" }),
    svg("rect", { class: "display", x: 44, y: 30, width: 98, height: 22, rx: 3 }),
    display,
    KEYS.map(([x, y]) => svg("rect", { class: "key", x, y, width: 18, height: 10, rx: 2.5 })),
    svg(
      "g",
      { class: "handset" },
      svg("path", { d: "M16 18c0-6 5-10 11-10s11 4 11 10v8l-5 5v68l5 5v8c0 6-5 10-11 10s-11-4-11-10v-8l5-5V31l-5-5Z" }),
    ),
    svg("g", { class: "waves" }, svg("path", { d: "M4 30a26 26 0 0 1 8-18M-4 28a36 36 0 0 1 10-24M46 12a26 26 0 0 1 8 12M50 4a36 36 0 0 1 11 18" })),
  );
