// Every call that the page follows, by its id: models fed by events, views for those we make.

import { CallModel } from "./call_model.js";
import { CallView } from "./call.js";
import { throttled } from "./dom.js";

const EARLY = 50; // messages that may wait for their call
const SHOWN = 4; // cards; the oldest that ended makes room

export class Calls {
  #api;
  #numbers;
  #element;
  #on;
  #models = new Map();
  #views = new Map();
  #demo = null;
  #demoRows = new Map();
  #early = [];
  #dialogs = new Map(); // whose call a Call-ID belongs to

  /** `on`: redial(model), transfer(id), problem(error), incoming(model), trace(wanted). */
  constructor(api, numbers, element, on) {
    this.#api = api;
    this.#numbers = numbers;
    this.#element = element;
    this.#on = on;
    this.refreshMessages = throttled(() => this.#refreshMessages(), 150);
  }

  /** In the demo each hop of a message is seen: `columns` are who there is. */
  set demoColumns(columns) {
    this.#demo = columns;
  }

  /** Read the calls in progress, and what became of those that were. */
  async load() {
    const { calls } = await this.#api.get("calls");
    const going = new Set(calls.map(({ call }) => call));
    const gone = [...this.#models.values()].filter(({ id, ended }) => !ended && !going.has(id));
    await Promise.all([
      ...calls.map((status) => this.#begin(status)),
      ...gone.map(async (model) => {
        await this.#read(model);
        if (!model.ended) model.lose();
        this.#show(model.id);
      }),
    ]);
  }

  take(event) {
    const known = this.#models.has(event.call);
    const begins = ["call_placed", "incoming_ringing"].includes(event.event);
    if (!known && !begins) return; // a call of before this page
    this.#model(event.call, event.line).take(event);
    this.#show(event.call);
    this.refreshMessages();
  }

  takeDemoMessage(message) {
    if (/^CSeq[ \t]*:.*REGISTER/im.test(message.text)) return;
    const dialog = /^Call-ID[ \t]*:[ \t]*(\S+)/im.exec(message.text)?.[1];
    const owner = this.#dialogs.get(dialog) ?? this.#latestLive;
    if (owner) this.#own(owner, dialog, message);
    else this.#early.push({ dialog, message });
    if (this.#early.length > EARLY) this.#early.shift();
    this.refreshMessages();
  }

  /** The call that SIPTAPI holds and that was begun last. */
  get held() {
    return [...this.#models.values()].findLast((model) => model.isHeld);
  }

  async hangUp(id) {
    try {
      await this.#api.post(`calls/${id}/hangup`);
    } catch (problem) {
      this.#on.problem(problem);
    }
  }

  /** Take the last card that is over off the page; false where there is none. */
  dismissLast() {
    const over = [...this.#views.keys()].findLast((id) => this.#models.get(id).ended);
    if (over) this.#dismiss(over);
    return Boolean(over);
  }

  async #begin({ call, line, number, name, direction, started }) {
    const model = this.#model(call, line);
    Object.assign(model, { number, name, started, incoming: direction === "incoming" });
    await this.#read(model);
    this.#show(call);
  }

  async #read(model) {
    try {
      const { events } = await this.#api.get(`calls/${model.id}`);
      for (const event of events) model.take(event);
    } catch (problem) {
      if (problem.code !== "refused") throw problem; // else no history is kept: what comes is told
    }
  }

  #model(id, line) {
    if (!this.#models.has(id)) {
      this.#models.set(id, new CallModel(id, line));
      if (this.#demo) this.#adopt(id);
    }
    return this.#models.get(id);
  }

  #show(id) {
    const model = this.#models.get(id);
    if (!model.shown) this.#format(model);
    if (model.incoming) {
      this.#on.incoming(model);
    } else if (this.#views.has(id)) {
      this.#views.get(id).update();
    } else {
      this.#addView(model);
    }
    if (model.ended && model.incoming) this.#forget(id);
  }

  async #format(model) {
    model.shown = model.number;
    model.shown = await this.#numbers.formatted(model.number, model.line);
    this.#views.get(model.id)?.update();
  }

  #addView(model) {
    const view = new CallView(
      model,
      {
        hangUp: (id) => this.hangUp(id),
        transfer: (id) => this.#on.transfer(id),
        redial: (each) => this.#on.redial(each),
        dismiss: (id) => this.#dismiss(id),
        messages: () => {
          this.#on.trace(this.#wantsMessages);
          this.#refreshMessages();
        },
      },
      this.#demo ?? ["SIPTAPI"],
    );
    this.#views.set(model.id, view);
    this.#element.prepend(view.element);
    if (this.#demo) view.openMessages();
    const over = [...this.#views.keys()].filter((id) => this.#models.get(id).ended);
    if (this.#views.size > SHOWN && over.length) this.#dismiss(over[0]);
  }

  #dismiss(id) {
    this.#views.get(id)?.close();
    this.#views.delete(id);
    this.#forget(id);
    this.#on.trace(this.#wantsMessages);
  }

  /** The first messages of a call may be here before the event that it was placed. */
  #adopt(id) {
    this.#demoRows.set(id, []);
    const since = Date.now() / 1000 - 1;
    const recent = this.#early.filter(({ message }) => message.time > since);
    for (const { dialog, message } of recent) this.#own(id, dialog, message);
    this.#early = [];
  }

  #own(id, dialog, message) {
    this.#dialogs.set(dialog, id);
    this.#demoRows.get(id)?.push(message);
  }

  get #latestLive() {
    return [...this.#models.values()].findLast((model) => !model.ended)?.id;
  }

  #forget(id) {
    this.#models.delete(id);
    this.#demoRows.delete(id);
  }

  get #wantsMessages() {
    return !this.#demo && [...this.#views.values()].some((view) => view.wantsMessages);
  }

  async #refreshMessages() {
    for (const [id, view] of this.#views) {
      if (!view.wantsMessages) continue;
      if (this.#demo) view.showMessages(this.#demoRows.get(id) ?? []);
      else await this.#fetchMessages(id, view);
    }
  }

  async #fetchMessages(id, view) {
    try {
      view.showMessages(await messagesOf(this.#api, id));
    } catch (problem) {
      if (problem.status !== 404) this.#on.problem(problem);
    }
  }
}

/** The messages of a call as rows of a ladder. */
export async function messagesOf(api, id) {
  const { messages } = await api.get(`calls/${id}/messages`);
  return messages.map(({ time, direction, peer, text }) => ({
    time,
    text,
    from: direction === "sent" ? "SIPTAPI" : peer,
    to: direction === "sent" ? peer : "SIPTAPI",
  }));
}
