// The settings in force, without secrets, and how the process is. Nothing is changed here but
// whether this page takes links.

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
    const parts = [
      "registerProtocolHandler" in navigator && section("Links", links()), // not without TLS
      section("Process", either(status, processParts)),
      section("Settings", either(settings, (content) => [table(content.settings)])),
      section("Plugins", either(plugins, pluginParts)),
    ];
    place.replaceChildren(...parts.filter(Boolean));
  }
}

/** What the address of the page wants dialled (`#dial=tel:...`), else null; it is taken out. */
export function takeLink() {
  const given = location.hash.slice(1).replaceAll("+", "%2B"); // of a number, no space
  const wanted = new URLSearchParams(given).get("dial");
  if (wanted !== null) history.replaceState(null, "", "/");
  return wanted;
}

const links = () => [
  h("p", {}, "Let this page open when such a link is clicked in this browser. It fills the dial field and waits for Enter."),
  h("div", { class: "buttons" }, ["tel", "sip"].map((scheme) => h("button", { type: "button", onclick: () => register(scheme) }, `Take ${scheme}: links`))),
];

const register = (scheme) => navigator.registerProtocolHandler(scheme, `${location.origin}/${LINKS}`);

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

const pluginParts = ({ plugins }) => [
  table(Object.fromEntries(plugins.map((plugin) => [plugin.name, pluginWords(plugin)]))),
];

const pluginWords = ({ state, why, offers }) =>
  [state, why && `: ${why}`, offers.length > 0 && ` (${offers.join(", ")})`].filter(Boolean).join("");

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
