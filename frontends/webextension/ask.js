// For our pages: what they ask of the background script, and how they show things.

import { Problem } from "./problem.js";

/** The background script's answer; a Problem where it has none. */
export async function ask(to, message = {}) {
  const { answer, problem } = await chrome.runtime.sendMessage({ ...message, to });
  if (problem) throw new Problem(problem.words, problem);
  return answer;
}

export const byId = (id) => document.getElementById(id);

/** Offer the lines `names` in the list `select`; `chosen` is there in any case. */
export function offerLines(select, names, chosen) {
  const all = chosen && !names.includes(chosen) ? [...names, chosen] : names;
  const options = all.map((name) => new Option(name, name));
  select.replaceChildren(new Option("the usual one", ""), ...options);
  select.value = chosen;
}
