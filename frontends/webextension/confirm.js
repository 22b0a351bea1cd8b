// Asks before a number of a page is dialled, and shows what it is read as.

import { ask, byId, offerLines } from "./ask.js";
import { sentence } from "./words.js";

const PAUSE = 500; // milliseconds; a page must not have this window clicked with the second of two clicks

const countries = new Intl.DisplayNames(["en"], { type: "region" });

const given = new URLSearchParams(location.search);
const number = given.get("number");
let confirmed = Boolean(given.get("why"));

function say(words) {
  byId("said").textContent = sentence(words);
}

async function explain() {
  const { formatted, country, warnings } = await ask("explain", { number, line: byId("line").value });
  const where = /^[A-Z]{2}$/.test(country ?? "") ? `, ${countries.of(country)}` : "";
  byId("read-as").textContent = [`Read as ${formatted}${where}.`, ...warnings.map(sentence)].join(" ");
}

async function show() {
  byId("number").textContent = number;
  say(given.get("why"));
  const { line } = await ask("settings");
  offerLines(byId("line"), [], line);
  const names = (await ask("lines")).filter(({ active }) => active).map(({ name }) => name);
  offerLines(byId("line"), names, line);
  byId("lines").hidden = names.length < 2;
  await explain();
}

async function dial() {
  byId("dial").disabled = true;
  try {
    await ask("place", { number, line: byId("line").value, confirmed });
    window.close();
  } catch (problem) {
    say(problem.message);
    confirmed = problem.confirmable;
    byId("dial").textContent = confirmed ? "Dial all the same" : "Try again";
    byId("dial").disabled = false;
  }
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  dial();
});
byId("line").addEventListener("change", () => explain().catch((problem) => say(problem.message)));
byId("cancel").addEventListener("click", () => window.close());
addEventListener("keydown", (event) => event.key === "Escape" && window.close());
setTimeout(() => {
  byId("dial").disabled = false;
  byId("dial").focus();
}, PAUSE);
show().catch((problem) => {
  // A token that may only dial sees neither lines nor how a number is read.
  if (!problem.message.includes("lacks the scope")) say(problem.message);
});
