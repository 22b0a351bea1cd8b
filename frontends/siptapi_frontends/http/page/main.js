// Puts the page together: who is logged in, what is loaded, which event goes where.

import { Api } from "./api.js";
import { ask, setUpAsk } from "./ask.js";
import { Calls } from "./calls.js";
import { Dial } from "./dial.js";
import { byId, h } from "./dom.js";
import { Events } from "./events.js";
import { History } from "./history.js";
import { Incoming } from "./incoming.js";
import { Lines } from "./lines.js";
import { Numbers } from "./numbers.js";
import { Phones } from "./phones.js";
import { SettingsView, takeLink } from "./settings.js";
import { setUpShortcuts } from "./shortcuts.js";
import { setUpTheme } from "./theme.js";

const DEMO_NUMBERS = [
  ["301", "Bruno"],
  ["302", "always busy"],
  ["399", "nobody"],
  ["+43 1 505641", "somewhere else"],
];
const TOAST_MILLISECONDS = 8000;

const api = new Api((problem) => showLogin(problem.message));
const dial = new Dial(api, toast);
const numbers = new Numbers(api);
const past = new History(api, numbers, (record) => redial(record));
const incoming = new Incoming(api, numbers, toast);
const phones = new Phones(api, toast);
const settings = new SettingsView(api);
const lines = new Lines(api, {
  lines: (all) => {
    dial.lines = all;
    past.lines = all;
  },
  problem: toast,
});
const calls = new Calls(api, numbers, byId("calls"), {
  redial: (model) => redial(model),
  transfer: (id) => transfer(id),
  problem: toast,
  incoming: (model) => incoming.take(model),
  trace: (wanted) => events.trace(wanted),
});
const events = new Events({
  call: (event) => {
    calls.take(event);
    past.refresh();
  },
  line: () => lines.take(),
  message: () => calls.refreshMessages(),
  demo_phone: (phone) => phones.take(phone),
  demo_message: (message) => {
    phones.takeMessage(message);
    calls.takeDemoMessage(message);
  },
  state: (state) => {
    byId("connection").dataset.state = state;
    byId("connection").textContent = state === "live" ? "live" : "connection lost, trying again";
    if (state === "lost") api.get("session").catch(() => {}); // it may be over: then log in again
  },
  opened: (anew) => (anew ? load() : phones.load()).catch(toast), // of phones no event has an id
});

/** Tell of something that went wrong, in the API's words. */
function toast(problem) {
  const words = h("p", { class: "toast" }, problem.message);
  byId("toasts").append(words);
  setTimeout(() => words.remove(), TOAST_MILLISECONDS);
}

function redial({ number, line }) {
  dial.dial(number, line);
}

async function transfer(id) {
  const number = await ask({ title: "Transfer", words: "Whom shall the call go to instead?", yes: "Transfer", label: "Number" });
  if (!number) return;
  try {
    await api.post(`calls/${id}/transfer`, { number });
  } catch (problem) {
    const insist = problem.confirmable && (await ask({ title: `Call ${number}?`, words: problem.message, yes: "Transfer" }));
    if (insist) await api.post(`calls/${id}/transfer`, { number, confirmed: true }).catch(toast);
    else if (!problem.confirmable) toast(problem);
  }
}

function showLogin(words = "") {
  events.close();
  byId("desk").hidden = true;
  byId("login").hidden = false;
  byId("login-problem").textContent = words;
  byId("connection").textContent = "";
  byId("token").focus();
}

function showDesk() {
  byId("login").hidden = true;
  byId("desk").hidden = false;
  events.open();
  const wanted = takeLink();
  if (wanted === null) dial.focus();
  else dial.put(wanted);
}

/** Read how things are. */
async function load() {
  const shown = await phones.load();
  if (shown.length) {
    calls.demoColumns = ["SIPTAPI", "Proxy", ...shown.map(({ name }) => name)];
    dial.suggest(DEMO_NUMBERS);
  }
  await Promise.all([lines.load(), calls.load()]);
  past.refresh();
}

async function start() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", "/"); // not to be seen, or kept, any longer
  try {
    await (token === null ? api.session() : api.logIn(token).catch(() => api.session()));
  } catch (problem) {
    showLogin(token === null && problem.status === 401 ? "" : problem.message);
    return;
  }
  showDesk();
}

byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await api.logIn(byId("token").value.trim());
    location.reload(); // nothing is left of who was logged in before
  } catch (problem) {
    byId("login-problem").textContent = problem.message;
  }
});
byId("leave").addEventListener("click", async () => {
  await api.logOut().catch(toast);
  showLogin("You are logged out.");
});
byId("settings").addEventListener("click", () => settings.open());
byId("shortcuts").addEventListener("click", () => byId("shortcuts-dialog").showModal());

setUpTheme(byId("theme"));
setUpAsk();
setUpShortcuts(
  [
    { key: "/", words: "to the dial field", act: () => dial.focus() },
    { key: "s", words: "search the history", act: () => byId("search").focus() },
    { key: "h", words: "hang up", act: () => calls.held && calls.hangUp(calls.held.id) },
    { key: "t", words: "transfer", act: () => calls.held && transfer(calls.held.id) },
    { key: "d", words: "light or dark", act: () => byId("theme").click() },
    { key: "?", words: "this list", act: () => byId("shortcuts").click() },
  ],
  () => incoming.dismissLast() || dial.clear() || calls.dismissLast(),
);
await start();
