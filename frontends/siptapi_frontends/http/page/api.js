// The public API, as everybody else uses it. What it refuses is a Problem, in its own words.

/** What the API answered instead (RFC 9457), or that it did not answer: then `status` is 0. */
export class Problem extends Error {
  constructor(status, { detail, title, code = "", confirmable = false }) {
    super(detail || title || `the answer was ${status}`);
    this.status = status;
    this.code = code;
    this.confirmable = confirmable;
  }
}

export class Api {
  #csrf = "";

  /** `onLoggedOut` is called when the session turns out to be over. */
  constructor(onLoggedOut) {
    this.onLoggedOut = onLoggedOut;
  }

  /** The session of this browser: `{scopes, lines}`; a Problem with status 401 if there is none. */
  async session() {
    return this.#keep(await this.#send("GET", "session"));
  }

  async logIn(token) {
    return this.#keep(await this.#send("POST", "session", { token }));
  }

  async logOut() {
    await this.#send("DELETE", "session");
    this.#csrf = "";
  }

  get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== "" && value != null);
    const text = new URLSearchParams(given).toString();
    return this.#request("GET", text ? `${path}?${text}` : path);
  }

  post(path, body = {}, headers = {}) {
    return this.#request("POST", path, body, headers);
  }

  async #keep(session) {
    if (session?.csrf) this.#csrf = session.csrf;
    return session;
  }

  async #request(...request) {
    try {
      return await this.#send(...request);
    } catch (problem) {
      if (problem.status === 401) this.onLoggedOut(problem);
      throw problem;
    }
  }

  async #send(method, path, body, headers = {}) {
    const options = { method, headers: { Accept: "application/json", ...headers } };
    if (method !== "GET" && this.#csrf) options.headers["X-CSRF-Token"] = this.#csrf;
    if (body !== undefined) {
      options.headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(body);
    }
    let response;
    try {
      response = await fetch(`/api/v1/${path}`, options);
    } catch {
      throw new Problem(0, { detail: "SIPTAPI does not answer: is `siptapi serve` running?" });
    }
    const text = await response.text();
    const content = text && response.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : null;
    if (!response.ok) throw new Problem(response.status, content ?? { title: response.statusText });
    return content;
  }
}
