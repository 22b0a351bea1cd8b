// SIPTAPI's HTTP API, with a token and without cookies.

import { Problem } from "./problem.js";
import { sentence } from "./words.js";

const PATIENCE = 15_000; // milliseconds

/** The answer of `method` `path` at `{address, token}`; a Problem in the words of the API. */
export async function request({ address, token }, method, path, { body, headers } = {}) {
  const options = {
    method,
    headers: { Accept: "application/json", Authorization: `Bearer ${token}`, ...headers },
    cache: "no-store",
    credentials: "omit",
    redirect: "error", // the token is for nobody else
    signal: AbortSignal.timeout(PATIENCE),
  };
  if (body) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response, text;
  try {
    response = await fetch(`${address}/api/v1/${path}`, options);
    text = await response.text();
  } catch {
    throw new Problem(await whyNot(address), { code: "unreachable" });
  }
  const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
  if (!isJson && (text || !response.ok)) {
    throw new Problem(`something else than SIPTAPI answers at ${address}`, { code: "stranger" });
  }
  const answer = text ? JSON.parse(text) : null;
  if (response.ok) return answer;
  throw new Problem(answer?.detail ?? `the answer was ${response.status}`, {
    status: response.status,
    code: answer?.code,
    confirmable: answer?.confirmable,
  });
}

/** Why there was no answer: nobody is there, or the browser keeps it from us. */
async function whyNot(address) {
  try {
    await fetch(`${address}/api/v1/health`, {
      mode: "no-cors",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    return (
      `SIPTAPI does not answer at ${address}: is “siptapi serve” running there, with ` +
      "[frontends.http] in its settings?"
    );
  }
  return (
    `the browser keeps the answer of ${address} from this extension (CORS): let the extension ` +
    "have access to that site, by saving its options once more or in the browser's own settings"
  );
}

/**
 * Whether one can dial with these settings, as `{ok, words, lines}`; `lines` are the names of those
 * that one may dial on, empty where the token may not see them.
 */
export async function check(settings) {
  if (!settings.token) {
    return { ok: false, words: "A token is needed. “siptapi token add browser” makes one.", lines: [] };
  }
  try {
    const { scopes } = await request(settings, "GET", "session");
    if (!scopes.includes("dial")) {
      return { ok: false, words: "SIPTAPI answers, but this token may not dial: it lacks the scope dial.", lines: [] };
    }
    if (!scopes.includes("read")) {
      const words = "It works. How a call goes is not shown: this token lacks the scope read.";
      return { ok: true, words, lines: [] };
    }
    const { lines } = await request(settings, "GET", "lines");
    const names = lines.filter(({ active }) => active).map(({ name }) => name);
    if (!names.length) return { ok: false, words: "SIPTAPI answers, but has no line for this token.", lines: [] };
    if (settings.line && !names.includes(settings.line)) {
      return { ok: false, words: `There is no line “${settings.line}” now: choose another.`, lines: names };
    }
    return { ok: true, words: `It works. Lines: ${names.join(", ")}.`, lines: names };
  } catch (problem) {
    const advice = problem.status === 401 ? " “siptapi token add browser” makes one." : "";
    return { ok: false, words: `It does not work. ${sentence(problem.message)}${advice}`, lines: [] };
  }
}
