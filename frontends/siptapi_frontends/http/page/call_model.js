// What is known of one call, from its events alone. Nothing is said that no event said.

import { sentence, verdict } from "./words.js";

const PHONE_FIRST = [
  ["phone_ringing", "Your phone rings"],
  ["phone_answered", "Picked up"],
  ["callee_trying", "Calling"],
  ["callee_ringing", "Rings there"],
  ["callee_answered", "Connected"],
  ["handed_over", "Handed over"],
];
const CALLEE_FIRST = [
  ["callee_trying", "Calling there"],
  ["callee_ringing", "Rings there"],
  ["callee_answered", "Picked up there"],
  ["phone_ringing", "Your side rings"],
  ["phone_answered", "Connected"],
  ["handed_over", "Handed over"],
];

export class CallModel {
  #last = 0;

  constructor(id, line) {
    this.id = id;
    this.line = line;
    this.incoming = false;
    this.number = "";
    this.shown = ""; // the number as people read it, once that is known
    this.name = "";
    this.started = null;
    this.strategy = "";
    this.told = []; // events
    this.reached = new Set();
    this.calleeFirst = false;
    this.failure = null;
    this.outcome = null;
    this.stage = null;
    this.advice = "";
    this.ended = false;
  }

  /** Take in an event of this call; false where it was known. */
  take(event) {
    if (event.id <= this.#last) return false;
    this.#last = event.id;
    this.started ??= event.time;
    this.#learn(event);
    this.told.push(event);
    return true;
  }

  /** It goes on no more, and nobody told how it ended. */
  lose() {
    this.ended = true;
    this.outcome = "unknown";
    this.advice = "it is over, but how it ended was not heard here";
  }

  /** `{time, text}` of what was told. */
  get sentences() {
    return this.told.map((event) => ({ time: event.time, text: this.#sentence(event) }));
  }

  /** `[name, label, state]` of each step; state is done, now, next or unreported. */
  get steps() {
    const steps = this.calleeFirst ? CALLEE_FIRST : PHONE_FIRST;
    const last = steps.findLastIndex(([name]) => this.reached.has(name));
    return steps.map(([name, label], index) => {
      const reached = this.reached.has(name);
      if (reached && index === last && !this.ended) return [name, label, "now"];
      return [name, label, reached ? "done" : index < last ? "unreported" : "next"];
    });
  }

  /** The last word on it. */
  get headline() {
    if (this.told.length) return this.#sentence(this.told.at(-1));
    return "The call is placed.";
  }

  /** Whether SIPTAPI still holds it, so that it can be ended or transferred here. */
  get isHeld() {
    return !this.incoming && !this.ended && !this.reached.has("handed_over");
  }

  #sentence(event) {
    if (event.event === "call_ended") return verdict(event.outcome, event.stage, this.failure)[0];
    return sentence(event, this.shown || this.number || "the callee");
  }

  #learn(event) {
    this.reached.add(event.event);
    switch (event.event) {
      case "call_placed":
        this.number = event.number;
        break;
      case "incoming_ringing":
        this.incoming = true;
        this.number = event.caller;
        this.name = event.caller_name;
        break;
      case "callee_trying":
        if (event.reported_by === "siptapi") this.calleeFirst = true;
        break;
      case "call_failed":
        this.failure = event;
        break;
      case "strategy_fell_back":
        this.failure = null;
        break;
      case "call_ended":
        this.ended = true;
        this.outcome = event.outcome;
        this.stage = event.stage;
        [, this.advice] = verdict(event.outcome, event.stage, this.failure);
        break;
      case "call_corrected":
        this.outcome = event.outcome;
        this.advice = "";
        break;
      case "incoming_answered_elsewhere":
        this.ended = true;
        this.outcome = "answered-elsewhere";
        break;
      case "incoming_ended":
        this.ended = true;
        this.outcome = event.outcome;
        break;
    }
    if (event.strategy) this.strategy = event.strategy;
  }
}
