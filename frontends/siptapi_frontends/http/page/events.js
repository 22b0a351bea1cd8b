// Live events: one stream for the page, taken up again where it broke off.

const CALL_EVENTS = [
  "call_placed", "phone_calling", "phone_ringing", "phone_answered", "refer_accepted",
  "callee_trying", "callee_ringing", "callee_answered", "handed_over", "call_failed",
  "transfer_requested", "strategy_fell_back", "call_ended", "call_corrected",
  "conversation_ended", "incoming_ringing", "incoming_answered_elsewhere", "incoming_ended",
];
const LINE_EVENTS = [
  "line_added", "line_changed", "line_removed", "registration_changed", "watch_changed",
];
const OTHER_EVENTS = ["message", "demo_phone", "demo_message"];
const PATIENCE = [500, 1000, 2000, 4000]; // milliseconds

/**
 * `on` has a function for each kind: `call`, `line`, `message`, `demo_phone`, `demo_message` take
 * an event, `state` takes `live` or `lost`. `opened(anew)` reads how things are, `anew` where no
 * event says from which on they are known.
 *
 * First the stream is open, then things are read, then what came meanwhile is told: so nothing
 * falls in between, and whoever is told knows by an event's id whether it was read already.
 */
export class Events {
  #on;
  #source = null;
  #last = null;
  #waiting = null; // for what is being read
  #failures = 0;
  #timer = 0;
  #trace = false;

  constructor(on) {
    this.#on = on;
  }

  open() {
    this.close();
    const query = new URLSearchParams();
    if (this.#trace) query.set("trace", "1");
    if (this.#last !== null) query.set("after", this.#last);
    const source = (this.#source = new EventSource(`/api/v1/events?${query}`));
    this.#waiting = [];
    source.onopen = () => this.#begin(source);
    source.onerror = () => this.#onBroken();
    // The server lets us go, and where we were may not be kept any more.
    source.addEventListener("goodbye", () => (this.#last = null));
    for (const name of CALL_EVENTS) source.addEventListener(name, (event) => this.#take("call", event));
    for (const name of LINE_EVENTS) source.addEventListener(name, (event) => this.#take("line", event));
    for (const name of OTHER_EVENTS) source.addEventListener(name, (event) => this.#take(name, event));
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  /** Whether SIP messages are wanted too. */
  trace(wanted) {
    if (wanted === this.#trace) return;
    this.#trace = wanted;
    if (this.#source) this.open();
  }

  async #begin(source) {
    this.#failures = 0;
    await this.#on.opened(this.#last === null);
    if (source !== this.#source) return; // it broke off meanwhile: the next one begins again
    const waiting = this.#waiting;
    this.#waiting = null;
    for (const [kind, event] of waiting) this.#tell(kind, event);
    this.#on.state("live");
  }

  #take(kind, event) {
    if (this.#waiting) this.#waiting.push([kind, event]);
    else this.#tell(kind, event);
  }

  #tell(kind, event) {
    if (event.lastEventId) this.#last = event.lastEventId;
    this.#on[kind](JSON.parse(event.data));
  }

  #onBroken() {
    this.#on.state("lost");
    this.close();
    const pause = PATIENCE[Math.min(this.#failures, PATIENCE.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.open(), pause);
  }
}
