// Incoming calls: shown on the page, and outside it where the browser was allowed to.

import { ask } from "./ask.js";
import { byId, h, icon } from "./dom.js";

export class Incoming {
  #api;
  #numbers;
  #onProblem;
  #cards = new Map();
  #outside = new Map();

  constructor(api, numbers, onProblem) {
    this.#api = api;
    this.#numbers = numbers;
    this.#onProblem = onProblem;
    const button = byId("notify");
    const show = () => (button.hidden = !("Notification" in window) || Notification.permission !== "default");
    button.addEventListener("click", async () => {
      await Notification.requestPermission();
      show();
    });
    show();
  }

  /** A call that rings, or rings no more. */
  take(model) {
    if (model.ended) this.#remove(model);
    else if (!this.#cards.has(model.id)) this.#add(model);
  }

  /** Close the last card; false where there is none. It rings on. */
  dismissLast() {
    const id = [...this.#cards.keys()].at(-1);
    if (id === undefined) return false;
    this.#cards.get(id).remove();
    this.#cards.delete(id);
    return true;
  }

  #add(model) {
    const { id, name, line } = model;
    const who = name || model.number || "Somebody";
    const number = model.number && this.#numbers.element(model.number, line);
    const card = h(
      "article",
      { class: "incoming", "aria-label": `Incoming call from ${who}` },
      h("span", { class: "bell" }, icon("in")),
      h("p", {}, h("strong", {}, name || number || who), name && number && h("span", { class: "quiet" }, " ", number), h("span", {}, ` calls ${line}.`)),
      h("p", { class: "quiet" }, "It is answered on the phone."),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "danger", onclick: () => this.#do(id, "reject") }, "Reject"),
        h("button", { type: "button", onclick: () => this.#redirect(id, who) }, "Redirect…"),
        h("button", { type: "button", onclick: () => this.#close(id) }, "Let it ring"),
      ),
    );
    this.#cards.set(id, card);
    byId("incoming").append(card);
    this.#tellOutside(model);
  }

  #remove(model) {
    this.#outside.get(model.id)?.close();
    this.#outside.delete(model.id);
    const card = this.#cards.get(model.id);
    if (!card) return;
    this.#cards.delete(model.id);
    card.replaceChildren(h("span", { class: "bell" }, icon("in")), h("p", {}, model.headline));
    card.classList.add("over");
    setTimeout(() => card.remove(), 3000);
  }

  #close(id) {
    this.#cards.get(id)?.remove();
    this.#cards.delete(id);
  }

  async #redirect(id, who) {
    const number = await ask({ title: `Redirect ${who}`, words: "The caller is told to call another number instead.", yes: "Redirect", label: "Number" });
    if (number) await this.#do(id, "redirect", { number });
  }

  async #do(id, act, body) {
    try {
      await this.#api.post(`calls/${id}/${act}`, body);
    } catch (problem) {
      const insist = problem.confirmable && (await ask({ title: "Do it all the same?", words: problem.message, yes: "Yes" }));
      if (insist) await this.#do(id, act, { ...body, confirmed: true });
      else if (!problem.confirmable) this.#onProblem(problem);
    }
  }

  async #tellOutside({ id, name, number, line }) {
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    const shown = await this.#numbers.formatted(number, line);
    if (!this.#cards.has(id)) return; // it rings no more
    const title = `${name || shown || "Somebody"} calls ${line}`;
    const told = new Notification(title, { body: name && shown, tag: id, icon: "/favicon.svg" });
    told.onclick = () => {
      window.focus();
      told.close();
    };
    this.#outside.set(id, told);
  }
}
