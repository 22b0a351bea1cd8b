// The wires between SIPTAPI, the proxy and the demo's phones, and each message on its way.
//
// Messages come in bursts, faster than an eye; they are drawn one after the other, quicker the
// more of them wait.

import { h, svg } from "./dom.js";
import { summarise } from "./sip.js";

const HEIGHT = 150;
const SLOWEST = 520; // milliseconds for one message
const BEHIND = 2200; // milliseconds that the drawing may lag behind, about
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Wires {
  #place;
  #phones;
  #svg = svg("svg", { class: "wires-drawing", height: HEIGHT });
  #tokens = svg("g", {});
  #last = h("p", { class: "last quiet" }, "No message so far.");
  #points = new Map();
  #waiting = [];
  #moving = false;

  /** `phones` are their names, from left to right. */
  constructor(place, phones) {
    this.#place = place;
    this.#phones = phones;
    place.append(this.#last, this.#svg);
    new ResizeObserver(() => this.#draw()).observe(place);
  }

  /** A message `{from, to, text}` travels. */
  send(message) {
    if (/^CSeq[ \t]*:.*REGISTER/im.test(message.text)) return;
    this.#waiting.push(message);
    if (!this.#moving) this.#next();
  }

  #draw() {
    const width = this.#place.clientWidth;
    if (!width) return;
    const middle = width / 2;
    this.#points = new Map([
      ["SIPTAPI", [middle, 24]],
      ["Proxy", [middle, 84]],
      ...this.#phones.map((name, index) => [name, [(width * (2 * index + 1)) / (2 * this.#phones.length), HEIGHT - 2]]),
    ]);
    const proxy = this.#points.get("Proxy");
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.#svg.replaceChildren(
      ...[...this.#points.values()].map(([x, y]) => svg("line", { class: "wire", x1: proxy[0], y1: proxy[1], x2: x, y2: y })),
      ...["SIPTAPI", "Proxy"].map((name) => this.#station(name)),
      this.#tokens,
    );
  }

  #station(name) {
    const [x, y] = this.#points.get(name);
    return svg(
      "g",
      { class: "station", transform: `translate(${x} ${y})` },
      svg("rect", { x: -44, y: -15, width: 88, height: 30, rx: 15 }),
      svg("text", { "text-anchor": "middle", y: 4.5 }, name),
    );
  }

  async #next() {
    const message = this.#waiting.shift();
    this.#moving = Boolean(message);
    if (!message) return;
    const { short, summary, mood } = summarise(message.text);
    this.#last.textContent = `${message.from} → ${message.to}: ${summary}`;
    const [start, end] = [this.#points.get(message.from), this.#points.get(message.to)];
    if (start && end && !still.matches && !document.hidden) await this.#travel(short, mood, start, end);
    this.#next();
  }

  async #travel(text, mood, start, end) {
    const half = 8 + text.length * 3.6;
    const token = svg(
      "g",
      { class: `token ${mood}` },
      svg("rect", { x: -half, y: -11, width: 2 * half, height: 22, rx: 11 }),
      svg("text", { "text-anchor": "middle", y: 4 }, text),
    );
    this.#tokens.append(token);
    const duration = Math.max(70, Math.min(SLOWEST, BEHIND / (this.#waiting.length + 1)));
    const place = ([x, y]) => ({ transform: `translate(${x}px, ${y}px)` });
    await token.animate([place(start), place(end)], { duration, easing: "ease-in-out", fill: "both" }).finished;
    token.remove();
  }
}
