// The toolbar button's: a dial field, the latest call, and whether this site's numbers are links.

import { ask, byId } from "./ask.js";
import { sentence } from "./words.js";

/** Do it, and say what went wrong, if it did. */
async function attempt(act) {
  byId("problem").textContent = "";
  try {
    await act();
  } catch (problem) {
    byId("problem").textContent = sentence(problem.message);
  }
}

function showCall(call) {
  byId("call").hidden = !call;
  if (!call) return;
  byId("call").dataset.mood = call.failed ? "bad" : "";
  byId("call-number").textContent = call.number;
  byId("call-words").textContent = call.words;
  byId("hang-up").hidden = !call.held;
  byId("hang-up").onclick = () => attempt(() => ask("hangUp", { call: call.id }));
}

async function showSite() {
  const { tabs } = await chrome.windows.getLastFocused({ populate: true, windowTypes: ["normal"] });
  const tab = tabs.find(({ active }) => active);
  const site = await chrome.tabs.sendMessage(tab.id, { to: "site" }, { frameId: 0 });
  const { off } = await ask("settings");
  byId("site").hidden = false;
  byId("site-name").textContent = site;
  byId("on").checked = !off.includes(site);
  byId("on").onchange = () => attempt(() => ask("switchSite", { site, on: byId("on").checked }));
}

async function show() {
  ask("seen");
  showCall((await chrome.storage.session.get("call")).call);
  const { address, hasToken } = await ask("settings");
  byId("page").href = `${address}/`;
  if (!hasToken) throw new Error("SIPTAPI has to be set up first: see the options");
}

chrome.storage.session.onChanged.addListener(({ call }) => call && showCall(call.newValue));
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    await ask("dialNow", { number: byId("number").value });
    byId("number").value = "";
  });
});
byId("options").addEventListener("click", () => chrome.runtime.openOptionsPage());
byId("number").focus();
attempt(show);
showSite().catch(() => {}); // nothing of ours is in that tab: a page of the browser's own
