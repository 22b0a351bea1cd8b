// One outgoing call on the page: how far it is, what was said of it, its messages.

import { h, icon } from "./dom.js";
import { Ladder } from "./ladder.js";
import { duration } from "./times.js";
import { mood } from "./words.js";

export class CallView {
  #model;
  #on;
  #number = h("h2");
  #progress = h("ol", { class: "progress", "aria-label": "Progress" });
  #headline = h("p", { class: "headline", role: "status" });
  #advice = h("p", { class: "quiet advice" });
  #elapsed = h("span", { class: "elapsed quiet" });
  #told = h("ol", { class: "told" });
  #buttons = h("div", { class: "buttons" });
  #ladder;
  #details;
  #timer;

  /**
   * `on` has what may be done: hangUp(id), transfer(id), redial(model), dismiss(id), and
   * messages(model) for the ladder, whose first columns are `columns`.
   */
  constructor(model, on, columns) {
    this.#model = model;
    this.#on = on;
    this.#ladder = new Ladder(columns);
    this.#details = h(
      "details",
      { class: "messages", ontoggle: () => this.#onToggle() },
      h("summary", {}, "SIP messages"),
      this.#ladder.element,
    );
    this.element = h(
      "article",
      { class: "card call" },
      h("header", {}, this.#number, h("span", { class: "tag" }, model.line), this.#elapsed),
      this.#headline,
      this.#advice,
      this.#progress,
      this.#buttons,
      h("details", { class: "story" }, h("summary", {}, "Step by step"), this.#told),
      this.#details,
    );
    this.#timer = setInterval(() => this.#showElapsed(), 1000);
    this.update();
  }

  get wantsMessages() {
    return this.#details.open;
  }

  openMessages() {
    this.#details.open = true;
  }

  showMessages(rows) {
    this.#ladder.set(rows);
  }

  close() {
    clearInterval(this.#timer);
    this.element.remove();
  }

  update() {
    const model = this.#model;
    this.#number.textContent = model.shown;
    this.#number.dataset.number = model.number;
    this.element.setAttribute("aria-label", `Call to ${model.shown}`);
    if (this.#headline.textContent !== model.headline) this.#headline.textContent = model.headline;
    this.element.dataset.mood = model.ended ? mood(model.outcome) : "live";
    this.#advice.textContent = model.advice && `${model.advice}.`;
    this.#advice.hidden = !model.advice;
    this.#progress.replaceChildren(...model.steps.map(step));
    const list = told(model);
    this.#told.replaceWith(list);
    this.#told = list;
    this.#showElapsed();
    this.#showButtons();
  }

  #showButtons() {
    const { id, isHeld, ended } = this.#model;
    const key = `${isHeld} ${ended}`;
    if (this.#buttons.dataset.key === key) return; // who stands on a button keeps it
    const hadFocus = this.#buttons.contains(document.activeElement);
    this.#buttons.dataset.key = key;
    this.#buttons.replaceChildren(
      ...[
        isHeld && h("button", { type: "button", class: "danger", onclick: () => this.#on.hangUp(id) }, icon("hang-up"), "Hang up"),
        isHeld && h("button", { type: "button", onclick: () => this.#on.transfer(id) }, "Transfer…"),
        ended && h("button", { type: "button", onclick: () => this.#on.redial(this.#model) }, icon("phone"), "Dial again"),
        ended && h("button", { type: "button", onclick: () => this.#on.dismiss(id) }, "Close"),
      ].filter(Boolean),
    );
    if (hadFocus) this.#buttons.querySelector("button")?.focus();
  }

  #showElapsed() {
    const { started, ended } = this.#model;
    if (ended || !started) clearInterval(this.#timer);
    else this.#elapsed.textContent = duration(Date.now() / 1000 - started);
  }

  #onToggle() {
    this.#on.messages(this.#model);
  }
}

/** What was told of a call, step by step. */
export const told = ({ sentences, started }) =>
  h(
    "ol",
    { class: "told" },
    sentences.map(({ time, text }) =>
      h("li", {}, h("span", { class: "quiet" }, `${(time - started).toFixed(1)} s`), ` ${text}`),
    ),
  );

const WORDS = { done: "reached", now: "now", next: "not yet", unreported: "nobody reported it" };

const step = ([, label, state]) =>
  h(
    "li",
    { class: `step ${state}`, "aria-current": state === "now" ? "step" : null, title: state === "unreported" ? WORDS.unreported : null },
    h("span", { class: "dot", "aria-hidden": "true" }),
    h("span", {}, label),
    h("span", { class: "unseen" }, `: ${WORDS[state]}`),
  );
