// The settings in force, without secrets, and how the process is. Nothing is changed here but
// whether this page takes tel: links.

import { byId, h } from "./dom.js";
import { fullMoment } from "./times.js";

const LINKS = "#dial=%s";

export class SettingsView {
  #api;

  constructor(api) {
    this.#api = api;
  }

  async open() {
    const place = byId("settings-content");
    place.replaceChildren(h("p", { class: "quiet" }, "Reading…"));
    byId("settings-dialog").showModal();
    const [status, settings, plugins] = await Promise.all(
      ["status", "settings", "plugins"].map((path) => this.#api.get(path).catch((problem) => problem)),
    );
    place.replaceChildren(
      section("Links", [
        h("p", {}, "Let this page open when a telephone link is clicked in this browser. It fills the dial field and waits for Enter."),
        h("button", { type: "button", onclick: registerLinks }, "Take tel: links"),
      ]),
      section("Process", either(status, processParts)),
      section("Settings", either(settings, (content) => [table(content.settings ?? content)])),
      section("Plugins", either(plugins, ({ plugins: records }) => [table(Object.fromEntries(records.map((record) => [record.name, `${record.state}${record.why ? `: ${record.why}` : ""}${record.offers.length ? ` (${record.offers.join(", ")})` : ""}`])))])),
    );
  }
}

/** What the address of the page wants dialled (`#dial=tel:...`), else null; it is taken out. */
export function takeLink() {
  const wanted = new URLSearchParams(location.hash.slice(1)).get("dial");
  if (wanted !== null) history.replaceState(null, "", "/");
  return wanted;
}

const registerLinks = () =>
  navigator.registerProtocolHandler("tel", `${location.origin}/${LINKS}`);

const section = (title, content) => h("section", {}, h("h3", {}, title), content);

const either = (answer, show) =>
  answer instanceof Error ? [h("p", { class: "quiet" }, answer.message)] : show(answer);

const processParts = ({ version, started, settings_file: file, counters, registered, lines, warnings }) => [
  table({
    version,
    "running since": fullMoment(started),
    "settings file": file || "none",
    "registered lines": `${registered} of ${lines}`,
    ...counters,
  }),
  ...warnings.map((warning) => h("p", { class: "notice" }, warning)),
];

const table = (content) =>
  h(
    "dl",
    { class: "table" },
    flat(content).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

/** `[dotted name, text]` of everything in `content`. */
function flat(content, prefix = "") {
  return Object.entries(content).flatMap(([key, value]) => {
    const name = prefix + key;
    if (value !== null && typeof value === "object") {
      const plain = Array.isArray(value) && value.every((each) => typeof each !== "object");
      if (!plain) return flat(value, `${name}.`);
      return [[name, value.join(", ") || "–"]];
    }
    return [[name, value === null || value === "" ? "–" : String(value)]];
  });
}
