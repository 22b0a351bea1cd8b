"""SIPTAPI: makes a person's own SIP phone place a call.

This is the map: every name that a plugin or a front end needs, and nothing else of ours is its
business. Each is imported when it is first used, so that ``import siptapi_core`` costs nothing.

- To be a plugin: `hookimpl`, `Offer`, `NoSettings`, `Secret`, `Context`, `Clock`, `Logger`.
- A strategy: `Strategy`, `DialRequest`, `LineIdentity`, `Network`, `Attempt`, `Capability`,
  `ReferPlan`, `Planning`, `Party`, `ByePolicy`, `CallTimers`.
- A resolver: `Resolver`, `ResolveContext`, `Resolved`, `PassedOn`; what it maps: `Target`,
  `Number`, `SrvName`, `HostPort`, `Address`, `Transport`; what it may ask: `DnsClient`,
  `DnsAnswer`, `NaptrRecord`, `SrvRecord`; what a URI says itself: `target_host`,
  `required_transport`, `names_service`, `is_ip_address`; a stranger's regular expression:
  `check_pattern_size`.
- A front end: `Frontend`, `Dialer`, `Command`, `Caller`, `Reply` and their classes; `CliCommand`,
  `CliSession`, `PluginRecord`, `PluginState` for the command line; `Resolution`,
  `ResolutionStep`, `StepOutcome` say how an address was found.
- A check of ``siptapi doctor``: `Check`, `Examined`, `Finding`, `Verdict`.
- An observer: `Observer`, `Gap`; `encode_event` is an event as plain values, for JSON.
- What happens: `Event`; `CallEvent`, `Happening`, of which an attempt may report each
  `AttemptHappening`, and their classes, `Outcome`, `Stage`, `Disturbed`, `Reporter`;
  `LineEvent`, `LineHappening`, `RegistrationState`; `TracedMessage`, `Direction`.
- SIP values: `SipUri`, `TelUri`, `OtherUri`, `Uri`, `parse_uri`, `NameAddr`.
- What goes wrong: `SiptapiError` and all below it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siptapi_core.commands import CallDirection as CallDirection
    from siptapi_core.commands import Caller as Caller
    from siptapi_core.commands import CallRecord as CallRecord
    from siptapi_core.commands import Calls as Calls
    from siptapi_core.commands import CallState as CallState
    from siptapi_core.commands import CallStatus as CallStatus
    from siptapi_core.commands import Command as Command
    from siptapi_core.commands import Dial as Dial
    from siptapi_core.commands import Dialling as Dialling
    from siptapi_core.commands import Done as Done
    from siptapi_core.commands import Explain as Explain
    from siptapi_core.commands import HangUp as HangUp
    from siptapi_core.commands import History as History
    from siptapi_core.commands import Lines as Lines
    from siptapi_core.commands import LineStatus as LineStatus
    from siptapi_core.commands import ListCalls as ListCalls
    from siptapi_core.commands import ListHistory as ListHistory
    from siptapi_core.commands import ListLines as ListLines
    from siptapi_core.commands import ListPlugins as ListPlugins
    from siptapi_core.commands import Messages as Messages
    from siptapi_core.commands import PluginRecord as PluginRecord
    from siptapi_core.commands import Plugins as Plugins
    from siptapi_core.commands import PluginState as PluginState
    from siptapi_core.commands import Redirect as Redirect
    from siptapi_core.commands import Reject as Reject
    from siptapi_core.commands import Reload as Reload
    from siptapi_core.commands import Reloaded as Reloaded
    from siptapi_core.commands import Reply as Reply
    from siptapi_core.commands import Resolve as Resolve
    from siptapi_core.commands import ShowCall as ShowCall
    from siptapi_core.commands import ShowMessages as ShowMessages
    from siptapi_core.commands import ShownSettings as ShownSettings
    from siptapi_core.commands import ShowSettings as ShowSettings
    from siptapi_core.commands import ShowStatus as ShowStatus
    from siptapi_core.commands import Status as Status
    from siptapi_core.commands import Transfer as Transfer
    from siptapi_core.contracts import Attempt as Attempt
    from siptapi_core.contracts import Capability as Capability
    from siptapi_core.contracts import Check as Check
    from siptapi_core.contracts import CliCommand as CliCommand
    from siptapi_core.contracts import CliSession as CliSession
    from siptapi_core.contracts import Clock as Clock
    from siptapi_core.contracts import Context as Context
    from siptapi_core.contracts import Dialer as Dialer
    from siptapi_core.contracts import DialRequest as DialRequest
    from siptapi_core.contracts import DnsClient as DnsClient
    from siptapi_core.contracts import Examined as Examined
    from siptapi_core.contracts import Finding as Finding
    from siptapi_core.contracts import Frontend as Frontend
    from siptapi_core.contracts import Gap as Gap
    from siptapi_core.contracts import LineIdentity as LineIdentity
    from siptapi_core.contracts import Logger as Logger
    from siptapi_core.contracts import Network as Network
    from siptapi_core.contracts import NoSettings as NoSettings
    from siptapi_core.contracts import Observer as Observer
    from siptapi_core.contracts import Offer as Offer
    from siptapi_core.contracts import PassedOn as PassedOn
    from siptapi_core.contracts import Planning as Planning
    from siptapi_core.contracts import ResolveContext as ResolveContext
    from siptapi_core.contracts import Resolved as Resolved
    from siptapi_core.contracts import Resolver as Resolver
    from siptapi_core.contracts import Strategy as Strategy
    from siptapi_core.contracts import Verdict as Verdict
    from siptapi_core.dns_records import DnsAnswer as DnsAnswer
    from siptapi_core.dns_records import NaptrRecord as NaptrRecord
    from siptapi_core.dns_records import SrvRecord as SrvRecord
    from siptapi_core.errors import BusyError as BusyError
    from siptapi_core.errors import DeniedError as DeniedError
    from siptapi_core.errors import LocalProtocolError as LocalProtocolError
    from siptapi_core.errors import MessageError as MessageError
    from siptapi_core.errors import NetworkError as NetworkError
    from siptapi_core.errors import NoSettingsError as NoSettingsError
    from siptapi_core.errors import NotSupportedError as NotSupportedError
    from siptapi_core.errors import NumberError as NumberError
    from siptapi_core.errors import PluginError as PluginError
    from siptapi_core.errors import ProtocolError as ProtocolError
    from siptapi_core.errors import RefusedError as RefusedError
    from siptapi_core.errors import RemoteProtocolError as RemoteProtocolError
    from siptapi_core.errors import ResolveError as ResolveError
    from siptapi_core.errors import SettingsError as SettingsError
    from siptapi_core.errors import SiptapiError as SiptapiError
    from siptapi_core.errors import UnknownNameError as UnknownNameError
    from siptapi_core.errors import UsageError as UsageError
    from siptapi_core.event_encoding import encode_event as encode_event
    from siptapi_core.events import AttemptHappening as AttemptHappening
    from siptapi_core.events import CallCorrected as CallCorrected
    from siptapi_core.events import CalleeAnswered as CalleeAnswered
    from siptapi_core.events import CalleeRinging as CalleeRinging
    from siptapi_core.events import CalleeTrying as CalleeTrying
    from siptapi_core.events import CallEnded as CallEnded
    from siptapi_core.events import CallEvent as CallEvent
    from siptapi_core.events import CallFailed as CallFailed
    from siptapi_core.events import CallId as CallId
    from siptapi_core.events import CallPlaced as CallPlaced
    from siptapi_core.events import ConversationEnded as ConversationEnded
    from siptapi_core.events import Direction as Direction
    from siptapi_core.events import Disturbed as Disturbed
    from siptapi_core.events import Event as Event
    from siptapi_core.events import EventId as EventId
    from siptapi_core.events import HandedOver as HandedOver
    from siptapi_core.events import Happening as Happening
    from siptapi_core.events import IncomingAnsweredElsewhere as IncomingAnsweredElsewhere
    from siptapi_core.events import IncomingEnded as IncomingEnded
    from siptapi_core.events import IncomingOutcome as IncomingOutcome
    from siptapi_core.events import IncomingRinging as IncomingRinging
    from siptapi_core.events import LineAdded as LineAdded
    from siptapi_core.events import LineChanged as LineChanged
    from siptapi_core.events import LineEvent as LineEvent
    from siptapi_core.events import LineHappening as LineHappening
    from siptapi_core.events import LineRemoved as LineRemoved
    from siptapi_core.events import Outcome as Outcome
    from siptapi_core.events import PhoneAnswered as PhoneAnswered
    from siptapi_core.events import PhoneCalling as PhoneCalling
    from siptapi_core.events import PhoneRinging as PhoneRinging
    from siptapi_core.events import ReferAccepted as ReferAccepted
    from siptapi_core.events import RegistrationChanged as RegistrationChanged
    from siptapi_core.events import RegistrationState as RegistrationState
    from siptapi_core.events import Reporter as Reporter
    from siptapi_core.events import Stage as Stage
    from siptapi_core.events import StrategyFellBack as StrategyFellBack
    from siptapi_core.events import TracedMessage as TracedMessage
    from siptapi_core.events import TransferRequested as TransferRequested
    from siptapi_core.events import WatchChanged as WatchChanged
    from siptapi_core.hookspecs import hookimpl as hookimpl
    from siptapi_core.locating import is_ip_address as is_ip_address
    from siptapi_core.locating import names_service as names_service
    from siptapi_core.locating import required_transport as required_transport
    from siptapi_core.locating import target_host as target_host
    from siptapi_core.machine.refer_plan import ByePolicy as ByePolicy
    from siptapi_core.machine.refer_plan import CallTimers as CallTimers
    from siptapi_core.machine.refer_plan import Party as Party
    from siptapi_core.machine.refer_plan import ReferPlan as ReferPlan
    from siptapi_core.numbers import Explanation as Explanation
    from siptapi_core.numbers.patterns import check_pattern_size as check_pattern_size
    from siptapi_core.resolution import Resolution as Resolution
    from siptapi_core.resolution import ResolutionStep as ResolutionStep
    from siptapi_core.resolution import StepOutcome as StepOutcome
    from siptapi_core.settings.secret import Secret as Secret
    from siptapi_core.sip.name_addr import NameAddr as NameAddr
    from siptapi_core.sip.uri import OtherUri as OtherUri
    from siptapi_core.sip.uri import SipUri as SipUri
    from siptapi_core.sip.uri import TelUri as TelUri
    from siptapi_core.sip.uri import Uri as Uri
    from siptapi_core.sip.uri import parse_uri as parse_uri
    from siptapi_core.targets import Address as Address
    from siptapi_core.targets import HostPort as HostPort
    from siptapi_core.targets import Number as Number
    from siptapi_core.targets import SrvName as SrvName
    from siptapi_core.targets import Target as Target
    from siptapi_core.targets import Transport as Transport

_HOMES = {
    "commands": (
        "CallDirection CallRecord CallState CallStatus Caller Calls Command Dial Dialling Done "
        "Explain HangUp History LineStatus Lines ListCalls ListHistory ListLines ListPlugins "
        "Messages PluginRecord PluginState Plugins Redirect Reject Reload Reloaded Reply Resolve "
        "ShowCall ShowMessages ShowSettings ShowStatus ShownSettings Status Transfer"
    ),
    "contracts": (
        "Attempt Capability Check CliCommand CliSession Clock Context Dialer DialRequest DnsClient "
        "Examined Finding Frontend Gap LineIdentity Logger Network NoSettings Observer Offer "
        "PassedOn Planning ResolveContext Resolved Resolver Strategy Verdict"
    ),
    "dns_records": "DnsAnswer NaptrRecord SrvRecord",
    "errors": (
        "BusyError DeniedError LocalProtocolError MessageError NetworkError NoSettingsError "
        "NotSupportedError NumberError PluginError ProtocolError RefusedError "
        "RemoteProtocolError ResolveError SettingsError SiptapiError UnknownNameError UsageError"
    ),
    "event_encoding": "encode_event",
    "events": (
        "AttemptHappening CallCorrected CalleeAnswered CalleeRinging CalleeTrying CallEnded "
        "CallEvent CallFailed CallId CallPlaced ConversationEnded Direction Disturbed Event "
        "EventId HandedOver Happening IncomingAnsweredElsewhere IncomingEnded IncomingOutcome "
        "IncomingRinging LineAdded LineChanged LineEvent LineHappening LineRemoved Outcome "
        "PhoneAnswered PhoneCalling PhoneRinging ReferAccepted RegistrationChanged "
        "RegistrationState Reporter Stage StrategyFellBack TracedMessage TransferRequested "
        "WatchChanged"
    ),
    "hookspecs": "hookimpl",
    "locating": "is_ip_address names_service required_transport target_host",
    "machine.refer_plan": "ByePolicy CallTimers Party ReferPlan",
    "numbers": "Explanation",
    "numbers.patterns": "check_pattern_size",
    "resolution": "Resolution ResolutionStep StepOutcome",
    "settings.secret": "Secret",
    "sip.name_addr": "NameAddr",
    "sip.uri": "OtherUri SipUri TelUri Uri parse_uri",
    "targets": "Address HostPort Number SrvName Target Transport",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
