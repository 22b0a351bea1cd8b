// What the extension does, for whoever asks: pages may have a number dialled, our own pages more.

import { check, request } from "./api.js";
import { follow, hangUp, place, seen, tell } from "./calls.js";
import { normal, save, settings, shownSettings, switchSite } from "./settings.js";
import { sentence } from "./words.js";

// Where the browser can do that, not even our own scripts in pages may look at what is kept.
chrome.storage.local.setAccessLevel?.({ accessLevel: "TRUSTED_CONTEXTS" });

const MENU = "dial-selection";
const MOST_CHARACTERS = 200; // of a number

/** What scripts in pages may ask. `sender` is the browser's word, not theirs. */
const FOR_PAGES = {
  async wanted(_message, sender) {
    return wantedOn(new URL(sender.url), await settings());
  },
  dial: ({ number }) => dialAsked(number),
};

/** What our own pages may ask besides. */
const FOR_US = {
  settings: shownSettings,
  save,
  async check({ address, token, line }) {
    const kept = await settings();
    const known = normal(address) === kept.address ? kept.token : "";
    return check({ address: normal(address), token: token || known, line });
  },
  async switchSite({ site, on }) {
    await switchSite(site, on);
    await tellTabs(site);
  },
  dialNow: ({ number }) => dialNow(number),
  place: ({ number, line, confirmed }) => place(number, { line, confirmed }),
  hangUp: ({ call }) => hangUp(call),
  seen,
  async lines() {
    return (await request(await settings(), "GET", "lines")).lines;
  },
  async explain({ number, line }) {
    const query = new URLSearchParams(line ? { text: number, line } : { text: number });
    return request(await settings(), "GET", `numbers?${query}`);
  },
};

chrome.runtime.onMessage.addListener((message, sender, reply) => {
  const isOurs = sender.id === chrome.runtime.id && sender.url?.startsWith(chrome.runtime.getURL(""));
  const known = isOurs ? FOR_US : FOR_PAGES;
  if (!Object.hasOwn(known, message.to)) return false;
  Promise.resolve(known[message.to](message, sender)).then(
    (answer) => reply(isOurs ? { answer } : answer),
    ({ message: words, confirmable = false }) => reply(isOurs ? { problem: { words, confirmable } } : null),
  );
  return true; // the reply comes later
});

// --- dialling ------------------------------------------------------------------------------------

/** A page had something clicked, or selected: whoever saw it is asked first, unless set otherwise. */
async function dialAsked(text) {
  const number = String(text).trim().slice(0, MOST_CHARACTERS);
  const { token, confirm } = await settings();
  if (!token) return chrome.runtime.openOptionsPage();
  if (confirm) return ask(number);
  try {
    return await dialNow(number);
  } catch (problem) {
    return tell(number, sentence(problem.message));
  }
}

async function dialNow(number) {
  try {
    await place(number);
  } catch (problem) {
    if (!problem.confirmable) throw problem;
    await ask(number, problem.message);
  }
}

/** In a window of ours, which no page can reach, cover or press a button of. */
function ask(number, why = "") {
  const url = `confirm.html?${new URLSearchParams({ number, why })}`;
  return chrome.windows.create({ url, type: "popup", width: 440, height: 400 });
}

chrome.contextMenus.onClicked.addListener(({ menuItemId, selectionText }) => {
  if (menuItemId === MENU && selectionText) dialAsked(selectionText);
});

// --- which sites ---------------------------------------------------------------------------------

function wantedOn({ hostname, origin }, { address, token, off }) {
  // SIPTAPI's own page dials by itself.
  const links = !off.includes(hostname) && origin !== new URL(address).origin;
  return { links, telephoneLinks: links && Boolean(token) };
}

async function tellTabs(site) {
  const current = await settings();
  // A site is switched as a whole; SIPTAPI's own page is asked for again when it is loaded.
  const wanted = wantedOn({ hostname: site, origin: "" }, current);
  for (const { id } of await chrome.tabs.query({})) {
    chrome.tabs.sendMessage(id, { to: "follow", site, wanted }).catch(() => {}); // none of ours is there
  }
}

// --- when the browser begins ---------------------------------------------------------------------

chrome.runtime.onInstalled.addListener(({ reason }) => {
  chrome.contextMenus.create({ id: MENU, title: "Dial “%s” with SIPTAPI", contexts: ["selection"] });
  if (reason === "install") chrome.runtime.openOptionsPage();
});

follow();
