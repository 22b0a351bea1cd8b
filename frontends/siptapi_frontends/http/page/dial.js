// The dial field: what would be dialled is explained while one types; Enter dials.

import { ask } from "./ask.js";
import { byId, debounced, h } from "./dom.js";
import { remember, remembered } from "./preferences.js";
import { countryName, kindWords } from "./words.js";

export class Dial {
  #api;
  #onProblem;
  #number = byId("number");
  #line = byId("line");
  #words = byId("explanation");
  #button = byId("dial");
  #asked = 0;
  #explained = ""; // by the rules of which line
  #explanation = null;

  constructor(api, onProblem) {
    this.#api = api;
    this.#onProblem = onProblem;
    const explain = debounced(() => this.#explain(), 160);
    this.#number.addEventListener("input", explain);
    this.#line.addEventListener("change", () => {
      remember("line", this.#line.value);
      this.#explain();
    });
    byId("dial-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.dial(this.#number.value, this.#line.value);
    });
  }

  /** The lines that can be chosen: those that are active. */
  set lines(lines) {
    const chosen = this.#line.value || remembered("line");
    const usable = lines.filter((line) => line.active);
    this.#line.replaceChildren(...usable.map(({ name }) => h("option", { value: name }, name)));
    if (usable.some(({ name }) => name === chosen)) this.#line.value = chosen;
    if (this.#explained !== this.#line.value) this.#explain();
    this.#button.disabled = usable.length === 0;
  }

  /** Numbers to try, as buttons: `[number, what it is]`. */
  suggest(numbers) {
    byId("suggestions").hidden = false;
    byId("suggestions").replaceChildren(
      h("span", { class: "quiet" }, "Try"),
      ...numbers.map(([number, words]) =>
        h("button", { type: "button", class: "chip", onclick: () => this.put(number) }, h("b", {}, number), ` ${words}`),
      ),
    );
  }

  /** Put a number into the field, for Enter to dial. */
  put(number) {
    this.#number.value = number;
    this.focus();
    this.#explain();
  }

  focus() {
    this.#number.focus();
    this.#number.select();
  }

  /** Empty the field; false where it was empty. */
  clear() {
    const had = this.#number.value !== "";
    this.#number.value = "";
    this.#explain();
    return had;
  }

  async dial(number, line) {
    if (!number.trim()) {
      this.focus();
      return;
    }
    const known = this.#explanation;
    const toConfirm = known?.input === number && known.decision === "confirm";
    this.#button.disabled = true;
    try {
      if (toConfirm && !(await confirm(known.formatted, ruleWords(known)))) return;
      await this.#place(number, line, toConfirm);
    } catch (problem) {
      if (!problem.confirmable) this.#onProblem(problem);
      else if (await confirm(number, problem.message)) await this.#place(number, line, true).catch(this.#onProblem);
    } finally {
      this.#button.disabled = false;
    }
  }

  async #place(number, line, confirmed) {
    const key = { "Idempotency-Key": crypto.randomUUID() };
    const send = () => this.#api.post("calls", { number, line: line || null, confirmed }, key);
    await send().catch((problem) => {
      if (problem.status) throw problem;
      return send(); // it may have come: with the same key it dials once
    });
    if (this.#number.value !== number) return; // somebody types another
    this.clear();
  }

  async #explain() {
    const text = this.#number.value;
    const asked = ++this.#asked;
    this.#explained = this.#line.value;
    if (!text.trim()) {
      this.#show(null);
      return;
    }
    try {
      const explanation = await this.#api.get("numbers", { text, line: this.#line.value });
      if (asked === this.#asked) this.#show(explanation);
    } catch (problem) {
      if (asked === this.#asked) this.#show(null, problem);
    }
  }

  #show(explanation, problem = null) {
    this.#explanation = explanation;
    this.#words.replaceChildren(...(problem ? [h("p", { class: "quiet" }, problem.message)] : explanation ? parts(explanation) : []));
  }
}

const confirm = (number, words) =>
  ask({ title: `Call ${number}?`, words: `This line wants a yes first: ${words}`, yes: "Call" });

const ruleWords = ({ rule }) => (rule ? `its rules say “${rule}”.` : "its rules say so.");

function parts(explanation) {
  const { formatted, kind, country, dialled, decision, warnings, steps } = explanation;
  const about = [kindWords(kind), countryName(country)].filter(Boolean).join(" · ");
  return [
    h("p", { class: "formatted" }, formatted, h("span", { class: "quiet" }, about)),
    h("p", { class: "quiet" }, "Dialled as ", h("code", {}, dialled)),
    decision === "deny" && h("p", { class: "notice bad" }, `Not dialled on this line: ${ruleWords(explanation)}`),
    decision === "confirm" && h("p", { class: "notice" }, `You are asked before it is dialled: ${ruleWords(explanation)}`),
    kind === "emergency" && h("p", { class: "notice bad" }, "An emergency number."),
    ...warnings.map((warning) => h("p", { class: "notice" }, warning)),
    steps.length > 1 &&
      h(
        "details",
        { class: "steps" },
        h("summary", {}, "How it was read"),
        h("dl", {}, steps.map(({ name, result }) => [h("dt", {}, name), h("dd", {}, result)])),
      ),
  ].filter(Boolean);
}
