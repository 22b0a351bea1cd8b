// Past calls: searched, filtered, page by page; each opens to what happened and can be redialled.

import { CallModel } from "./call_model.js";
import { byId, debounced, h, icon, throttled } from "./dom.js";
import { told } from "./call.js";
import { Ladder } from "./ladder.js";
import { messagesOf } from "./calls.js";
import { daysAgo, duration, fullMoment, moment } from "./times.js";
import { mood, outcomeWords } from "./words.js";

const PAGE = 20;
const MOST = 1000; // that the API gives at once

export class History {
  #api;
  #numbers;
  #redial;
  #list = byId("history");
  #more = byId("more");
  #words = byId("history-words");
  #asked = 0;
  #nextPage = null;
  #wanted = PAGE;
  #rows = new Map(); // by call: `{from, row}`, what it was made from and itself

  /** `redial(record)` is called for a call that shall be made again. */
  constructor(api, numbers, redial) {
    this.#api = api;
    this.#numbers = numbers;
    this.#redial = redial;
    this.refresh = throttled(() => this.#load(), 500);
    const search = debounced(() => {
      this.#wanted = PAGE;
      this.#load();
    }, 200);
    byId("history-filters").addEventListener("submit", (event) => event.preventDefault());
    byId("history-filters").addEventListener("input", search);
    this.#more.addEventListener("click", () => this.#load(this.#nextPage));
  }

  set lines(lines) {
    const select = byId("history-line");
    const chosen = select.value;
    select.replaceChildren(
      h("option", { value: "" }, "on all lines"),
      ...lines.map(({ name }) => h("option", { value: name }, name)),
    );
    select.value = lines.some(({ name }) => name === chosen) ? chosen : "";
    select.hidden = lines.length < 2;
  }

  async #load(before = null) {
    const asked = ++this.#asked;
    const period = byId("period").value;
    try {
      const { calls, next_page: nextPage } = await this.#api.get("history", {
        search: byId("search").value.trim(),
        direction: byId("direction").value,
        line: byId("history-line").value,
        since: period && daysAgo(Number(period)),
        limit: before === null ? Math.min(this.#wanted, MOST) : PAGE,
        before,
      });
      if (asked !== this.#asked) return;
      if (before !== null) this.#wanted += PAGE;
      this.#show(calls, nextPage, before !== null);
    } catch (problem) {
      if (asked === this.#asked) this.#words.textContent = problem.message;
    }
  }

  #show(calls, nextPage, append) {
    const rows = [...(append ? this.#list.children : []), ...calls.map((record) => this.#row(record))];
    rows.forEach((row, index) => {
      const there = this.#list.children[index];
      if (there !== row) this.#list.insertBefore(row, there ?? null); // the others keep the focus
    });
    while (this.#list.children.length > rows.length) this.#list.lastChild.remove();
    for (const [call, { row }] of this.#rows) if (!row.isConnected) this.#rows.delete(call);
    this.#nextPage = nextPage;
    this.#more.hidden = nextPage === null;
    const filtered = [...new FormData(byId("history-filters")).values()].some(Boolean);
    const none = filtered ? "No call is found." : "No calls so far.";
    this.#words.textContent = this.#list.children.length ? "" : none;
  }

  /** The row of a call, the same as before where nothing else is told of it. */
  #row(record) {
    const known = this.#rows.get(record.call);
    const from = JSON.stringify([record, new Date().toDateString()]);
    if (known?.from === from) return known.row;
    const row = this.#newRow(record, known?.row.querySelector("details").open);
    this.#rows.set(record.call, { from, row });
    return row;
  }

  #newRow(record, open) {
    const incoming = record.direction === "incoming";
    const ended = record.outcome || record.ended !== null;
    const number = record.number && this.#numbers.element(record.number, record.line);
    const details = h(
      "details",
      { open, ontoggle: (event) => event.target.open && this.#unfold(details, record) },
      h(
        "summary",
        {},
        h("span", { class: `way ${incoming ? "in" : "out"}` }, icon(incoming ? "in" : "out"), h("span", { class: "unseen" }, incoming ? "from" : "to")),
        h("span", { class: "who" }, record.name || number || "withheld", record.name && number && h("span", { class: "quiet" }, " ", number)),
        h("span", { class: `how ${ended ? mood(record.outcome) : ""}` }, ended ? outcomeWords(record.outcome) : "in progress"),
        h("span", { class: "when quiet" }, h("time", { datetime: new Date(record.started * 1000).toISOString(), title: fullMoment(record.started) }, moment(record.started)), ` · ${record.line}`),
      ),
    );
    const dial = record.number && h("button", { type: "button", class: "icon-button", title: `Dial ${record.number} again`, onclick: () => this.#redial(record) }, icon("phone"), h("span", { class: "unseen" }, `Dial ${record.number} again`));
    return h("li", {}, details, dial);
  }

  async #unfold(details, record) {
    if (details.children.length > 1) return;
    const place = h("div", { class: "past" });
    details.append(place);
    try {
      const { events, duration: seconds, reason, strategy } = await this.#api.get(`calls/${record.call}`);
      const model = new CallModel(record.call, record.line);
      for (const event of events) model.take(event);
      model.shown = await this.#numbers.formatted(record.number, record.line);
      place.append(
        told(model),
        h("p", { class: "quiet" }, [fullMoment(record.started), strategy && `by ${strategy}`, seconds != null && `conversation ${duration(seconds)}`, reason].filter(Boolean).join(" · ")),
      );
      await this.#addLadder(place, record);
    } catch (problem) {
      place.append(h("p", { class: "problem" }, problem.message));
    }
  }

  async #addLadder(place, record) {
    let rows = [];
    try {
      rows = await messagesOf(this.#api, record.call);
    } catch (problem) {
      if (problem.status !== 404) throw problem;
    }
    if (!rows.length) return; // they are kept for a while only
    const ladder = new Ladder(["SIPTAPI"]);
    place.append(ladder.element);
    ladder.set(rows);
  }
}
