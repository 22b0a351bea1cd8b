"""How a call went and what the person can do about it, as far as anyone told us."""

from __future__ import annotations

from siptapi_core.errors import SettingsError, UsageError
from siptapi_core.events import CallEnded, CallFailed, Disturbed, Outcome, Reporter, Stage

Verdict = tuple[str, str]
"""A sentence, and what to do ("" where there is nothing to be done)."""

_ANSWERED = ("Answered. The phones have the call now.", "")
_WRONG_ACCOUNT = (
    "The proxy refused the user name or the password.",
    "check user, auth_user, password and realm of this line in the settings",
)
_WRONG_SETTINGS = (
    "Nothing was dialled: a setting is wrong.",
    "mend the setting that is named above; siptapi config check finds more of the kind",
)
_NO_PROXY = (
    "The proxy could not be reached.",
    (
        "check domain and outbound_proxy of this line in the settings, and the network on the way "
        "there (a firewall, a VPN); siptapi doctor tries each step of it"
    ),
)
_UNREGISTERED = (
    "Your phone could not be reached.",
    (
        "see whether it is switched on and registered at the proxy, and check phone of this line "
        "in the settings"
    ),
)
_NO_REFER = (
    "Your phone did not agree to place the call.",
    (
        "allow call transfer (REFER) in the settings of your phone or PBX, or choose another "
        "strategy for this line: siptapi plugins list shows which there are"
    ),
)

_BY_STATUS = {
    (Stage.PROXY, 401): _WRONG_ACCOUNT,
    (Stage.PROXY, 403): (
        "The proxy refused the call.",
        (
            "check user, auth_user and password of this line in the settings, and whom that "
            "account may call"
        ),
    ),
    (Stage.PROXY, 407): _WRONG_ACCOUNT,
    (Stage.PROXY, 404): _UNREGISTERED,
    (Stage.PROXY, 410): _UNREGISTERED,
    (Stage.PROXY, 480): _UNREGISTERED,
    (Stage.PROXY, None): _NO_PROXY,
    (Stage.PROXY, 408): _NO_PROXY,
    (Stage.PHONE, 480): _UNREGISTERED,
    (Stage.PHONE, 488): (
        "Your phone refused the call: it found no way to talk.",
        "let your phone accept G.711 (PCMA or PCMU)",
    ),
}
_BY_STAGE = {
    (Stage.PHONE, Outcome.BUSY): (
        "Your own phone is busy.",
        "end the call on your phone first, or allow a second one there",
    ),
    (Stage.PHONE, Outcome.NO_ANSWER): (
        "Your phone was not picked up.",
        "pick it up while it rings; ring_timeout of this line says how long it does",
    ),
    (Stage.PHONE, Outcome.REJECTED): (
        "The call was rejected on your phone.",
        "see whether it is set to do not disturb",
    ),
    (Stage.PHONE, Outcome.NOT_FOUND): _UNREGISTERED,
    (Stage.REFER, Outcome.BUSY): _NO_REFER,
    (Stage.REFER, Outcome.REJECTED): _NO_REFER,
    (Stage.REFER, Outcome.NOT_FOUND): _NO_REFER,
    (Stage.REFER, Outcome.FAILED): _NO_REFER,
    (Stage.CALLEE, Outcome.BUSY): ("Busy.", ""),
    (Stage.CALLEE, Outcome.NO_ANSWER): ("Nobody answered.", ""),
    (Stage.CALLEE, Outcome.REJECTED): ("The call was rejected there.", ""),
    (Stage.CALLEE, Outcome.NOT_FOUND): (
        "Nobody can be reached under this number.",
        "siptapi number NUMBER shows how the number was read and what was dialled",
    ),
    (Stage.CALLEE, Outcome.FAILED): ("The call could not get through.", ""),
}
_NO_REFER_THERE = (
    "The phone there did not agree to call this side.",
    (
        "choose another strategy for this line: with this one the callee's phone, or the gateway "
        "that it is reached by, must accept call transfer (REFER)"
    ),
)
_CALLEE_FIRST = {
    (Stage.PHONE, Outcome.NO_ANSWER): (
        "Your phone was not picked up.",
        "pick it up while it rings: the callee is waiting on the line",
    ),
    (Stage.REFER, Outcome.REJECTED): _NO_REFER_THERE,
    (Stage.REFER, Outcome.FAILED): _NO_REFER_THERE,
}
_CALLEE_S_WORD = frozenset({(Stage.PHONE, Reporter.SIPFRAG), (Stage.REFER, Reporter.PROXY)})
"""Who tells of which failure where the callee was called first."""
_BY_OUTCOME = {
    Outcome.ANSWERED: _ANSWERED,
    Outcome.CANCELLED: ("Cancelled.", ""),
    Outcome.UNKNOWN: (
        "We were told nothing: the call may or may not have gone through.",
        "look at your phone, it knows; some phones and PBXs do not report their calls",
    ),
}
_OTHERWISE = (
    "The call could not be made.",
    "siptapi doctor looks for the reason; siptapi trace shows what was said",
)


def verdict(ended: CallEnded, failure: CallFailed | None) -> Verdict:
    """What to say of a call that ended so; ``failure`` is the last that was reported, if any."""
    if ended.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[ended.outcome]
    if failure is not None and failure.code in (SettingsError.code, UsageError.code):
        return _WRONG_SETTINGS
    how = (ended.stage, ended.outcome)
    found = failure and _BY_STATUS.get((ended.stage, failure.status))
    if found is _UNREGISTERED and failure is not None and _has_rung(failure):
        found = None
    if not found and failure is not None and (failure.stage, failure.reported_by) in _CALLEE_S_WORD:
        found = _CALLEE_FIRST.get(how)
    return found or _BY_STAGE.get(how, _OTHERWISE)


def _has_rung(failure: CallFailed) -> bool:
    """A phone that has rung was reached: its 480 says that nobody came (RFC 3261, 21.4.18)."""
    return (
        failure.stage is Stage.PHONE
        and failure.disturbed is Disturbed.YES
        and failure.reported_by is not Reporter.SIPFRAG
    )
