"""One line: an account, the phone that it rings, and how calls are made with it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from attrs import Attribute, field, frozen, validators

from siptapi_core.contracts import LineIdentity
from siptapi_core.machine.accept_from import AcceptFrom
from siptapi_core.machine.refer_plan import ByePolicy, CallTimers
from siptapi_core.numbers import NumberRules
from siptapi_core.settings.auto_answer import AutoAnswer, auto_answer_headers
from siptapi_core.settings.display_name import check_template, render
from siptapi_core.settings.line_addresses import account_uri, line_uris, phone_parts, proxy_uri
from siptapi_core.settings.secret import Secret
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.uri import SipUri, escape_user
from siptapi_core.values import Compared

_TIMERS = CallTimers()


@functools.lru_cache(maxsize=64)
def _timers(
    ring_timeout: float, notify_timeout: float, callee_timeout: float, failure_linger: float
) -> CallTimers:
    """One object for all lines with the same times."""
    return CallTimers(
        ring_timeout=ring_timeout,
        notify_timeout=notify_timeout,
        callee_timeout=callee_timeout,
        failure_linger=failure_linger,
    )


def _readable(read: Callable[[str], object]) -> Callable[[Any, Attribute[Any], str | None], None]:
    """A validator: ``read`` must not raise ValueError."""

    def check(_instance: Any, _attribute: Attribute[Any], value: str | None) -> None:
        if value is not None:
            read(value)

    return check


def _names(instance: Any, attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    if not value:
        raise ValueError("expected at least one name")
    _different(instance, attribute, value)


def _different(_instance: Any, _attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    if len(set(value)) < len(value):
        raise ValueError("expected no name twice")


def _not_empty(text: str) -> None:
    if not text:
        raise ValueError("expected text that is not empty")


def _user(text: str) -> None:
    _not_empty(text)
    escape_user(text)


@frozen(kw_only=True, eq=False, repr=False)
class LineSettings(Compared):
    """The settings of a line, complete with what it has from elsewhere.

    That is ``[defaults]``, its templates and ``[numbers]``.

    Times are in seconds.

    Raises:
        ValueError: a value cannot be; the words say what was expected.
    """

    domain: str = field(
        validator=_readable(lambda domain: account_uri("user", domain)),
        metadata={
            "help": "the account's domain: what stands after the @ of its SIP address",
            "example": "pbx.example",
        },
    )
    user: str = field(
        validator=_readable(_user),
        metadata={
            "help": "the account's user: what stands before the @ of its SIP address",
            "example": "201",
        },
    )
    auth_user: str | None = field(
        default=None,
        validator=_readable(_not_empty),
        metadata={
            "help": "the user name to authenticate with, where it is not user",
            "example": "sip-201",
        },
    )
    realm: str | None = field(
        default=None,
        metadata={
            "help": "answer only challenges of this realm; left out: of any",
            "example": "pbx.example",
        },
    )
    password: Secret | None = field(
        default=None,
        metadata={
            "help": "the account's password: text, or where it is kept, such as "
            '{ file = "sip-password" } ([secrets](settings.md#secrets))',
            "example": "change me",
        },
    )
    phone: str | None = field(
        default=None,
        validator=_readable(phone_parts),
        metadata={
            "help": "the phone to ring: its extension, for the strategy refer-to-phone with its "
            "address, as in 201@192.0.2.20:5062; left out: the account's user",
            "example": "201@192.0.2.20:5062",
        },
    )
    template: tuple[str, ...] = field(
        default=(),
        validator=_different,
        metadata={
            "help": "tables [templates.NAME] to take what is not given here from: a name or a "
            "list of names, of which a later one goes before an earlier one",
        },
    )
    active: bool = field(
        default=True,
        metadata={"help": "whether the line is used at all; false: it makes and takes no calls"},
    )
    outbound_proxy: str | None = field(
        default=None,
        validator=_readable(proxy_uri),
        metadata={
            "help": "where requests are sent instead of to the domain: host, host:port or "
            "sip:host;transport=tcp",
            "example": "192.0.2.1:5060",
        },
    )
    tls_verify: bool = field(
        default=True,
        metadata={
            "help": "whether a TLS server must show a certificate for the name that we look for; "
            "false lets anybody on the way read and change your calls"
        },
    )
    tls_ca_file: str | None = field(
        default=None,
        validator=_readable(_not_empty),
        metadata={
            "help": "a PEM file of certificates to trust besides the system's: an authority's, or "
            "the server's own",
            "example": "office-ca.pem",
        },
    )
    tls_certificate: str | None = field(
        default=None,
        validator=_readable(_not_empty),
        metadata={
            "help": "a PEM file with the certificate that we show to a TLS server that asks",
            "example": "siptapi.pem",
        },
    )
    tls_key: str | None = field(
        default=None,
        validator=_readable(_not_empty),
        metadata={
            "help": "a PEM file with its private key; left out: it is in tls_certificate",
            "example": "siptapi-key.pem",
        },
    )
    tls_allow_wildcard: bool = field(
        default=False,
        metadata={
            "help": "whether a certificate for *.example.com is one for pbx.example.com: RFC 5922 "
            "says no, some providers need it"
        },
    )
    keepalive: float = field(
        default=25.0,
        validator=validators.ge(0),
        metadata={
            "help": "seconds between packets that keep the way back to us open: pings on a TCP or "
            "TLS connection (RFC 5626), empty lines by UDP while a call goes on; 0: none"
        },
    )
    learn_address: bool = field(
        default=False,
        metadata={
            "help": "whether to tell the proxy and the phone the address that they see us at "
            "(RFC 3581) instead of our own: behind a NAT, where the proxy does not put it right"
        },
    )
    display_name: str = field(
        default="",
        validator=_readable(check_template),
        metadata={
            "help": "the name that the ringing phone shows; {number} is whom it is about to call, "
            "{line} this line",
            "example": "{number}",
        },
    )
    auto_answer: tuple[AutoAnswer, ...] = field(
        default=(),
        validator=_different,
        metadata={
            "help": "how your phone is told to pick up by itself, if it is: by the headers that "
            "its maker looks for ([strategies](strategies.md)), or all of them",
            "example": ["call-info"],
        },
    )
    strategies: tuple[str, ...] = field(
        default=("refer-via-proxy",),
        validator=_names,
        metadata={"help": "how calls are made: the first that works, in this order"},
    )
    resolvers: tuple[str, ...] = field(
        default=("naptr", "srv", "a"),
        validator=_names,
        metadata={"help": "how addresses are found, asked in this order"},
    )
    callee_resolvers: tuple[str, ...] = field(
        default=(),
        validator=_different,
        metadata={
            "help": 'how numbers become SIP addresses before they are dialled, such as ["enum"]; '
            "what no resolver knows is dialled as it is",
            "example": ["enum"],
        },
    )
    ring_timeout: float = field(
        default=_TIMERS.ring_timeout,
        validator=validators.gt(0),
        metadata={"help": "seconds that your phone may ring"},
    )
    callee_timeout: float = field(
        default=_TIMERS.callee_timeout,
        validator=validators.gt(0),
        metadata={"help": "seconds to wait for word from the callee"},
    )
    notify_timeout: float = field(
        default=_TIMERS.notify_timeout,
        validator=validators.gt(0),
        metadata={"help": "seconds to wait for the phone's first report after it agreed to call"},
    )
    failure_linger: float = field(
        default=_TIMERS.failure_linger,
        validator=validators.ge(0),
        metadata={"help": "seconds that you hear the tone of a failed call before we leave"},
    )
    bye: ByePolicy = field(
        default=ByePolicy.ON_ANSWER,
        metadata={
            "help": "when SIPTAPI leaves your phone: once the callee answered, once the phone "
            "accepted to call, or never by itself",
        },
    )
    register: bool = field(
        default=False,
        metadata={
            "help": "whether `siptapi serve` registers the line, beside your phone, to tell of the "
            "calls that come to it"
        },
    )
    registration_expires: float = field(
        default=600.0,
        validator=validators.gt(0),
        metadata={"help": "seconds that a registration is to hold; it is renewed before"},
    )
    accept_from: AcceptFrom = field(
        default=AcceptFrom.PROXY,
        metadata={
            "help": "from where a registered line takes calls: the addresses of its proxy or "
            "domain, also those of phones that SIPTAPI calls directly, or any for which the "
            "registrar passes on what was registered; others get no answer ([strangers]"
            "(strangers.md))"
        },
    )
    send_180: bool = field(
        default=True,
        metadata={
            "help": "whether a caller is told that it rings while a call is shown to you; false: "
            "your phone alone says so"
        },
    )
    sends_reason: bool = field(
        default=False,
        metadata={
            "help": "whether the PBX says by a Reason when another phone answered: only then is a "
            "call without one a missed one"
        },
    )
    watch: bool = field(
        default=False,
        metadata={
            "help": "whether to watch your phone's calls (RFC 4235), where PBX or phone offer it: "
            "that tells when a conversation ended, and how an incoming call was answered"
        },
    )
    numbers: NumberRules = field(
        factory=NumberRules,
        metadata={"help": "rules for numbers on this line, over those of [numbers]"},
    )

    @property
    def account(self) -> SipUri:
        """The address of record."""
        return line_uris(self.user, self.domain, self.phone)[0]

    def identity(self, name: str, number_text: str) -> LineIdentity:
        """What a strategy may know for a call to ``number_text``; ``name`` is the line's.

        It is made for each call: of ten thousand lines few make one at a time.
        """
        account, phone, phone_address = line_uris(self.user, self.domain, self.phone)
        return LineIdentity(
            name=name,
            address_of_record=account,
            phone=phone,
            phone_address=phone_address,
            outbound_proxy=proxy_uri(self.outbound_proxy) if self.outbound_proxy else None,
            display_name=render(self.display_name, number=number_text, line=name),
            auto_answer=auto_answer_headers(self.auto_answer, account.host),
            learn_address=self.learn_address,
            keepalive=self.keepalive,
            bye=self.bye,
            timers=_timers(
                self.ring_timeout, self.notify_timeout, self.callee_timeout, self.failure_linger
            ),
        )

    def credentials(self) -> Credentials | None:
        """What the account's challenges are answered with; None where there is no password.

        May block, as `Secret.reveal` does.

        Raises:
            SettingsError: the password cannot be read.
        """
        if self.password is None:
            return None
        return Credentials(self.auth_user or self.user, self.password.reveal(), self.realm)
