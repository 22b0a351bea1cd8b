// The call that this browser made last: how it goes, told on the toolbar button, in the popup and,
// where it failed, by a notification.

import { request } from "./api.js";
import { settings } from "./settings.js";
import { describe, sentence } from "./words.js";

const PAUSE = 1000; // milliseconds between two looks
const LONGEST = 15 * 60_000; // milliseconds; after that nobody looks any more
const NOTICE = "siptapi";
const COLOURS = { going: "#0f766e", failed: "#b3261e" };

/** Make the phone call `number`; a Problem where that was refused. */
export async function place(number, { line, confirmed = false } = {}) {
  const current = await settings();
  const body = { number, confirmed };
  if (line ?? current.line) body.line = line ?? current.line;
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  const placed = await request(current, "POST", "calls", { body, headers });
  await show({
    id: placed.call,
    number: placed.explanation.formatted || number,
    line: placed.line,
    started: Date.now(),
    words: `Dialling on line ${placed.line}.`,
    ended: false,
    failed: false,
    held: true,
  });
  follow();
}

export async function hangUp(id) {
  await request(await settings(), "POST", `calls/${encodeURIComponent(id)}/hangup`, { body: {} });
  await look();
}

let following = false;

/** See how the call goes until it ends, also where the browser had put us to sleep meanwhile. */
export async function follow() {
  if (following) return;
  following = true;
  try {
    while (await look()) await new Promise((resolve) => setTimeout(resolve, PAUSE));
  } finally {
    following = false;
  }
}

/** See how the call goes; false when there is nothing more to see. */
async function look() {
  const { call } = await chrome.storage.session.get("call");
  if (!call || call.ended) return false;
  let now;
  try {
    now = describe(await request(await settings(), "GET", `calls/${encodeURIComponent(call.id)}`));
    now.ended ||= Date.now() - call.started > LONGEST;
  } catch (problem) {
    const words = `${call.words} How it goes on is not known. ${sentence(problem.message)}`;
    now = { words, ended: true, failed: false, held: false };
  }
  const latest = await chrome.storage.session.get("call");
  if (latest.call?.id !== call.id) return true; // another was made meanwhile
  await show({ ...call, ...now });
  if (now.failed) await notify(call.number, now.words);
  return !now.ended;
}

async function show(call) {
  await chrome.storage.session.set({ call });
  await mark(call.ended ? (call.failed ? "!" : "") : "…", call.failed ? "failed" : "going");
  await chrome.action.setTitle({ title: `${call.number}: ${call.words}` });
}

/** Tell that a number was not dialled, and why. */
export async function tell(number, words) {
  await mark("!", "failed");
  await notify(`${number} was not dialled`, words);
}

/** Take the mark away that says that something failed: it was seen. */
export async function seen() {
  const { call } = await chrome.storage.session.get("call");
  if (!call || call.ended) await mark("", "going");
}

async function mark(text, colour) {
  await chrome.action.setBadgeBackgroundColor({ color: COLOURS[colour] });
  await chrome.action.setBadgeText({ text });
}

function notify(title, message) {
  const iconUrl = chrome.runtime.getURL("icons/128.png");
  return chrome.notifications.create(NOTICE, { type: "basic", iconUrl, title, message });
}
