// What happens, in words for the person whose phone it is. Each says only what somebody reported;
// the same words as on the command line (cli/sentences.py and cli/verdict.py).

const SENTENCES = {
  call_placed: () => "The call is placed.",
  phone_calling: () => "Calling your own phone first.",
  phone_ringing: () => "Your phone is ringing: pick it up.",
  phone_answered: (_, callee) => `Picked up. Asking your phone to call ${callee}.`,
  refer_accepted: () => "Your phone agreed to call.",
  callee_trying: (_, callee) => `Your phone is calling ${callee}.`,
  callee_answered: () => "It was picked up there.",
  transfer_requested: (event) => `To be transferred to ${event.to}.`,
  handed_over: () => "SIPTAPI has left the call: from now on it is ended on the phone.",
  call_ended: () => "Ended.",
  call_corrected: (event) => `It is known now how the call ended: ${event.outcome}.`,
  conversation_ended: (event) => `Both hung up, after ${Math.round(event.duration)} seconds.`,
  incoming_ringing: (event, caller) => `${event.caller_name || (event.caller && caller) || "Somebody"} calls ${event.called}.`,
  incoming_answered_elsewhere: () => "It was picked up on another phone.",
  incoming_ended: (event) => `It rings no more: ${event.outcome}.`,
};
// Who reports a step shows whom we called first.
const CALLEE_FIRST = {
  "callee_trying siptapi": (_, callee) => `Calling ${callee} first.`,
  "refer_accepted proxy": () => "The phone there agreed to call this side.",
  "phone_calling sipfrag": () => "The phone there is calling this side.",
  "phone_ringing sipfrag": () => "It rings on this side: pick it up.",
  "phone_answered sipfrag": () => "It was picked up on this side.",
};
const RINGING = {
  181: "The call is being forwarded there.",
  182: "The call waits in a queue there.",
  183: "Something is to be heard there: listen to your phone.",
};

/** One sentence for an event; `number` is the other party's, as people read it. */
export function sentence(event, number) {
  if (event.event === "callee_ringing") return RINGING[event.status] ?? "It rings there.";
  if (event.event === "call_failed") {
    const said = event.reason.replace(/\.+$/, "") || "no reason given";
    if (event.status != null) return `Failed: ${said} (SIP status ${event.status}).`;
    return `${said[0].toUpperCase()}${said.slice(1)}.`;
  }
  if (event.event === "strategy_fell_back") {
    return `${event.from} did not work (${event.why}); trying ${event.to}.`;
  }
  const words = CALLEE_FIRST[`${event.event} ${event.reported_by}`] ?? SENTENCES[event.event];
  return words ? words(event, number) : event.event.replaceAll("_", " ");
}

const WRONG_ACCOUNT = [
  "The proxy refused the user name or the password.",
  "check user, auth_user, password and realm of this line in the settings",
];
const NO_PROXY = [
  "The proxy could not be reached.",
  "check domain and outbound_proxy of this line in the settings, and the network on the way there (a firewall, a VPN)",
];
const UNREGISTERED = [
  "Your phone could not be reached.",
  "see whether it is switched on and registered at the proxy, and check phone of this line in the settings",
];
const NO_REFER = [
  "Your phone did not agree to place the call.",
  "allow call transfer (REFER) in the settings of your phone or PBX, or choose another strategy for this line",
];
const NO_REFER_THERE = [
  "The phone there did not agree to call this side.",
  "choose another strategy for this line: with this one the callee's phone, or the gateway that it is reached by, must accept call transfer (REFER)",
];
const BY_STATUS = {
  "proxy 401": WRONG_ACCOUNT,
  "proxy 403": [
    "The proxy refused the call.",
    "check user, auth_user and password of this line in the settings, and whom that account may call",
  ],
  "proxy 407": WRONG_ACCOUNT,
  "proxy 404": UNREGISTERED,
  "proxy 410": UNREGISTERED,
  "proxy 480": UNREGISTERED,
  "proxy null": NO_PROXY,
  "proxy 408": NO_PROXY,
  "phone 480": UNREGISTERED,
  "phone 488": [
    "Your phone refused the call: it found no way to talk.",
    "let your phone accept G.711 (PCMA or PCMU)",
  ],
};
const BY_STAGE = {
  "phone busy": ["Your own phone is busy.", "end the call on your phone first, or allow a second one there"],
  "phone no-answer": ["Your phone was not picked up.", "pick it up while it rings; ring_timeout of this line says how long it does"],
  "phone rejected": ["The call was rejected on your phone.", "see whether it is set to do not disturb"],
  "phone not-found": UNREGISTERED,
  "refer busy": NO_REFER,
  "refer rejected": NO_REFER,
  "refer not-found": NO_REFER,
  "refer failed": NO_REFER,
  "callee busy": ["Busy.", ""],
  "callee no-answer": ["Nobody answered.", ""],
  "callee rejected": ["The call was rejected there.", ""],
  "callee not-found": ["Nobody can be reached under this number.", "see below the dial field how the number is read and what is dialled"],
  "callee failed": ["The call could not get through.", ""],
};
const BY_STAGE_CALLEE_FIRST = {
  "phone no-answer": ["Your phone was not picked up.", "pick it up while it rings: the callee is waiting on the line"],
  "refer rejected": NO_REFER_THERE,
  "refer failed": NO_REFER_THERE,
};
const BY_OUTCOME = {
  answered: ["Answered. The phones have the call now.", ""],
  cancelled: ["Cancelled.", ""],
  unknown: [
    "We were told nothing: the call may or may not have gone through.",
    "look at your phone, it knows; some phones and PBXs do not report their calls",
  ],
};

/** `[sentence, advice]` for a call that ended so; `failure` is its last call_failed, if any. */
export function verdict(outcome, stage, failure) {
  if (BY_OUTCOME[outcome]) return BY_OUTCOME[outcome];
  if (failure && ["settings", "usage"].includes(failure.code)) {
    return ["Nothing was dialled: a setting is wrong.", failure.reason];
  }
  const how = `${stage} ${outcome}`;
  const calleesWord =
    failure && ["phone sipfrag", "refer proxy"].includes(`${failure.stage} ${failure.reported_by}`);
  // A phone that has rung was reached: its 480 says that nobody came.
  const hasRung =
    failure?.stage === "phone" && failure.disturbed === "yes" && failure.reported_by !== "sipfrag";
  return (
    (failure && !(hasRung && failure.status === 480) && BY_STATUS[`${stage} ${failure.status}`]) ||
    (calleesWord && BY_STAGE_CALLEE_FIRST[how]) ||
    BY_STAGE[how] || [
      "The call could not be made.",
      "siptapi doctor looks for the reason; siptapi trace shows what was said",
    ]
  );
}

/** The outcome of a call in the history, in a word or two. */
export const outcomeWords = (outcome) =>
  ({
    answered: "answered",
    "answered-elsewhere": "answered elsewhere",
    "no-answer": "no answer",
    "not-found": "not found",
    "not-answered": "not answered here",
    unknown: "not known how it ended",
    "": "no end was recorded",
  })[outcome] ?? outcome;

/** good, bad or neither: how an outcome is coloured. */
export const mood = (outcome) =>
  ["answered", "answered-elsewhere"].includes(outcome)
    ? "good"
    : ["cancelled", "unknown", "redirected", "not-answered", ""].includes(outcome)
      ? "neither"
      : "bad";

const KINDS = {
  global: "international form",
  national: "national number",
  local: "local number",
  internal: "extension",
  service: "service code",
  emergency: "emergency number",
  uri: "SIP address",
};

export const kindWords = (kind) => KINDS[kind] ?? kind;

const countries = new Intl.DisplayNames(["en"], { type: "region" });

export const countryName = (code) => (/^[A-Z]{2}$/.test(code ?? "") ? countries.of(code) : "");
