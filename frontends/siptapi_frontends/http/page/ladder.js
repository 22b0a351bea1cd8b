// The SIP messages of a call as a ladder: a column a party, a row a message, drawn as SVG.
//
// One row at a time can be looked at; the arrow keys go from row to row.

import { h, svg } from "./dom.js";
import { summarise } from "./sip.js";

const ROW = 30;
const HEAD = 24;
const TOP = 6;
const MARGIN = 12;
const CELL = 6.7; // pixels of a character of a label

export class Ladder {
  #rows = [];
  #columns;
  #chosen = -1;
  #drawn = 0;
  #svg = svg("svg", { class: "ladder-drawing", role: "listbox", "aria-label": "SIP messages, in order" });
  #head = svg("svg", { class: "ladder-head", height: HEAD, "aria-hidden": "true" });
  #scroller = h("div", { class: "ladder-scroller" }, this.#svg);
  #text = h("pre", { class: "message-text", tabindex: "0", "aria-label": "The message in full", hidden: true });
  #empty = h("p", { class: "quiet" }, "No message so far.");

  /** `columns` are names in order; others come to stand behind them as they appear. */
  constructor(columns = []) {
    this.#columns = [...columns];
    this.element = h("div", { class: "ladder" }, this.#empty, this.#head, this.#scroller, this.#text);
    this.#svg.addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(() => this.#draw()).observe(this.#scroller);
  }

  /** Rows `{time, from, to, text}`: those that there are, and new ones. */
  set(rows) {
    if (rows.length === this.#rows.length) return;
    const atEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight < ROW * 2;
    this.#rows = rows.map((row) => ({ ...row, ...summarise(row.text) }));
    for (const { from, to } of rows) {
      for (const name of [from, to]) if (!this.#columns.includes(name)) this.#columns.push(name);
    }
    this.#draw();
    if (atEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #draw() {
    this.#empty.hidden = this.#rows.length > 0;
    this.#head.toggleAttribute("hidden", this.#rows.length === 0);
    this.#scroller.hidden = this.#rows.length === 0;
    const width = this.#scroller.clientWidth; // none while it is hidden
    if (!width || !this.#rows.length) return;
    const columns = this.#columns;
    const gap = columns.length > 1 ? (width - 2 * MARGIN) / columns.length : width / 2;
    const x = (name) => MARGIN + gap / 2 + columns.indexOf(name) * gap;
    const height = TOP + this.#rows.length * ROW + 8;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.setAttribute("width", width);
    this.#svg.setAttribute("height", height);
    this.#head.replaceChildren(
      ...columns.map((name) => svg("text", { x: x(name) + 1, y: 16, "text-anchor": "middle" }, cut(name, gap))),
    );
    this.#svg.replaceChildren(
      svg(
        "g",
        { "aria-hidden": "true" },
        columns.map((name) => svg("line", { class: "life", x1: x(name), x2: x(name), y1: 0, y2: height })),
      ),
      ...this.#rows.map((row, index) => this.#row(row, index, x)),
    );
    this.#drawn = this.#rows.length;
  }

  #row(row, index, x) {
    const y = TOP + index * ROW + 18;
    const [start, end] = [x(row.from), x(row.to)];
    const direction = end > start ? 1 : -1;
    const room = Math.abs(end - start) - 10;
    const label = [row.summary, row.brief].find((words) => words.length * CELL <= room) ?? row.short;
    const seconds = (row.time - this.#rows[0].time).toFixed(3);
    const chosen = index === this.#chosen;
    return svg(
      "g",
      {
        class: `message ${row.mood}${index >= this.#drawn ? " new" : ""}${chosen ? " chosen" : ""}`,
        role: "option",
        tabindex: index === Math.max(this.#chosen, 0) ? "0" : "-1",
        "aria-selected": String(chosen),
        "aria-label": `${row.from} to ${row.to}: ${row.summary}, after ${seconds} seconds`,
        onclick: () => this.#choose(index),
      },
      svg("rect", { class: "band", x: 0, y: y - 18, width: "100%", height: ROW, rx: 4 }),
      svg("text", { class: "label", x: (start + end) / 2, y: y - 3, "text-anchor": "middle" }, label),
      svg("path", { class: "arrow", d: `M${start} ${y + 3}H${end - direction * 2}M${end - direction * 8} ${y - 1}L${end - direction} ${y + 3}L${end - direction * 8} ${y + 7}` }),
    );
  }

  #onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Enter" || event.key === " ") this.#choose(Math.max(this.#chosen, 0));
    else if (step === undefined) return;
    else {
      const next = Math.min(Math.max(Math.max(this.#chosen, 0) + step, 0), this.#rows.length - 1);
      this.#choose(next, true);
      this.#svg.querySelectorAll("[role=option]")[next].focus();
    }
    event.preventDefault();
  }

  #choose(index, always = false) {
    this.#chosen = index === this.#chosen && !always ? -1 : index;
    this.#text.hidden = this.#chosen < 0;
    this.#text.textContent = this.#chosen < 0 ? "" : this.#rows[this.#chosen].text.trimEnd();
    this.#draw();
    if (this.#chosen >= 0) this.#svg.querySelectorAll("[role=option]")[this.#chosen].focus();
  }
}

const cut = (text, room) => {
  const most = Math.max(3, Math.floor(room / CELL));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
};
