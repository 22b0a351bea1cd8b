// How a call goes, in the words of SIPTAPI's own page and of its command line.

/** By what was reported last, and by whom. */
const NOW = {
  "phone_calling siptapi": "Calling your own phone first.",
  "phone_ringing phone": "Your phone is ringing: pick it up.",
  "refer_accepted phone": "Your phone agreed to call.",
  "callee_ringing sipfrag": "It rings there.",
  "callee_answered sipfrag": "It was picked up there.",
  "handed_over siptapi": "SIPTAPI has left the call: from now on it is ended on the phone.",
};
const ENDED = {
  "phone busy": "Your own phone is busy.",
  "phone no-answer": "Your phone was not picked up.",
  "phone rejected": "The call was rejected on your phone.",
  "callee busy": "Busy.",
  "callee no-answer": "Nobody answered.",
  "callee rejected": "The call was rejected there.",
  "callee not-found": "Nobody can be reached under this number.",
};
const OUTCOMES = {
  answered: "Answered. The phones have the call now.",
  cancelled: "Cancelled.",
  unknown: "We were told nothing: the call may or may not have gone through.",
};

/**
 * A call as the API tells it, as `{words, ended, failed, held}`; `held` calls can be hung up here.
 */
export function describe({ outcome, stage, status, reason, events }) {
  const reported = events.map((event) => `${event.event} ${event.reported_by}`);
  if (!outcome) {
    const words = NOW[reported.findLast((each) => each in NOW)] ?? "The call is placed.";
    return { words, ended: false, failed: false, held: !reported.includes("handed_over siptapi") };
  }
  const failure = status ? `Failed: ${reason || "no reason given"} (SIP status ${status}).` : reason;
  const words = OUTCOMES[outcome] ?? ENDED[`${stage} ${outcome}`] ?? (failure || "The call could not be made.");
  return { words, ended: true, failed: !["answered", "cancelled"].includes(outcome), held: false };
}

/** What was refused, as a sentence. */
export const sentence = (words) =>
  words && `${words[0].toUpperCase()}${words.slice(1)}${/[.?!]$/.test(words) ? "" : "."}`;
