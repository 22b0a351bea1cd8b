// Where SIPTAPI is, and what a click does.

import { ask, byId, offerLines } from "./ask.js";
import { normal } from "./settings.js";
import { sentence } from "./words.js";

const form = byId("form");

async function show() {
  const { address, line, confirm, hasToken, off } = await ask("settings");
  byId("address").value = address;
  byId("token").value = "";
  byId("token").placeholder = hasToken ? "kept; type another to replace it" : "siptapi_…";
  offerLines(byId("line"), [], line);
  form.elements.confirm.value = confirm ? "yes" : "no";
  showSites(off);
  if (hasToken) await test();
}

function entered() {
  return {
    address: byId("address").value,
    token: byId("token").value.trim(),
    line: byId("line").value,
    confirm: form.elements.confirm.value === "yes",
  };
}

async function test() {
  say("Asking SIPTAPI…", "");
  const { ok, words, lines } = await ask("check", entered());
  if (lines.length) offerLines(byId("line"), lines, byId("line").value);
  say(words, ok ? "good" : "bad");
}

async function saveAndTest() {
  const origins = [`${new URL(normal(byId("address").value)).origin.replace(/:\d+$/, "")}/*`];
  // First of all, or the browser does not take it for the answer to a click.
  const allowed = await chrome.permissions.request({ origins });
  await ask("save", entered());
  const { address, hasToken } = await ask("settings");
  byId("address").value = address;
  await test();
  byId("token").value = "";
  if (hasToken) byId("token").placeholder = "kept; type another to replace it";
  if (!allowed) say(`The browser does not let this extension reach ${address}: you said no.`, "bad");
}

function say(words, mood) {
  byId("said").dataset.mood = mood;
  byId("said").textContent = words;
}

function showSites(sites) {
  byId("no-sites").hidden = sites.length > 0;
  byId("sites").replaceChildren(
    ...sites.map((site) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Link numbers again";
      button.setAttribute("aria-label", `Link numbers on ${site} again`);
      button.addEventListener("click", async () => {
        await ask("switchSite", { site, on: true });
        showSites((await ask("settings")).off);
      });
      item.append(site, button);
      return item;
    }),
  );
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  saveAndTest().catch((problem) => say(sentence(problem.message), "bad"));
});
show().catch((problem) => say(sentence(problem.message), "bad"));
