// What the user set. Only the background script reads it: nobody else gets to see the token.

import { Problem } from "./problem.js";

const USUAL = { address: "http://127.0.0.1:5088", token: "", line: "", confirm: true, off: [] };

/** `{address, token, line, confirm, off}`; `line` is empty for the usual one, `off` has sites. */
export function settings() {
  return chrome.storage.local.get(USUAL);
}

/** The same without the token, for our pages. */
export async function shownSettings() {
  const { token, ...shown } = await settings();
  return { ...shown, hasToken: Boolean(token) };
}

/** Keep what is given; an empty token leaves the one that is kept, where the address is the same. */
export async function save({ address, token, line, confirm }) {
  const before = await settings();
  const after = { address: normal(address), line, confirm };
  if (token) after.token = token;
  else if (after.address !== before.address) after.token = ""; // it is another's
  await chrome.storage.local.set(after);
}

/** Whether numbers on the pages of a site become links, from now on. */
export async function switchSite(site, on) {
  const { off } = await settings();
  const others = off.filter((each) => each !== site);
  await chrome.storage.local.set({ off: on ? others : [...others, site].sort() });
}

/** The address as requests begin with it; a Problem where none can be sent there. */
export function normal(text) {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw new Problem(`expected an address such as ${USUAL.address}, given “${text}”`);
  }
  if (url.protocol === "http:" && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) {
    throw new Problem("another computer is reached by https:// only: anybody on the way could read the token");
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}
