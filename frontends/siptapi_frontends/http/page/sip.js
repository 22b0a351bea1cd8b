// SIP messages in a few words (siptapi_core/ladder/summary.py says the same).

/**
 * `{summary, brief, short, mood}` of a message, each shorter than the one before; mood is request,
 * waiting, good or bad.
 */
export function summarise(text) {
  const [firstLine] = text.split(/\r?\n/, 1);
  const response = /^SIP\/2\.0 (\d{3}) ?(.*)$/.exec(firstLine);
  if (response) {
    const [, status, reason] = response;
    const challenge = ["401", "407"].includes(status); // part of the way, no failure
    const mood = status < 200 || challenge ? "waiting" : status < 300 ? "good" : "bad";
    return { summary: `${status} ${reason}`.trim(), brief: status, short: status, mood };
  }
  const request = /^([A-Z]+) (\S+) SIP\/2\.0$/.exec(firstLine);
  if (!request) return { summary: firstLine || "(no SIP message)", brief: "?", short: "?", mood: "bad" };
  const [, method, uri] = request;
  const about = matter(method, text) ?? uri;
  const user = about.replace(/^(\(?)sips?:([^@;)]+)@[^;)]*/, "$1$2");
  return { summary: `${method} ${about}`, brief: `${method} ${user}`, short: method, mood: "request" };
}

function matter(method, text) {
  if (method === "REFER") {
    const referTo = /^refer-to[ \t]*:[ \t]*(?:"[^"]*"|[^<\r\n]*)<([^>\r\n]*)>/im.exec(text);
    return referTo && `(${referTo[1]})`;
  }
  if (method === "NOTIFY") {
    const status = /\r?\n\r?\nSIP\/2\.0 (\d{3}[^\r\n]*)/i.exec(text);
    return status && `(${status[1].trim()})`;
  }
  return null;
}
