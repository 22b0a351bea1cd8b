"""The dialogue: asks for what it cannot find out, and tries as it goes.

::

    profile, name ─▶ domain, user ─try─▶ password ─try─▶ phone ─try─▶ strategies ─▶ where to keep it
                        ▲        │         ▲      │        ▲    │
                        └─change─┘         └change┘        └────┘
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from siptapi_core.contracts import Finding
from siptapi_core.errors import UsageError
from siptapi_core.settings import Settings
from siptapi_core.values import Value
from siptapi_frontends.cli.output import say
from siptapi_frontends.setup.account import Account, problem_with
from siptapi_frontends.setup.asker import Asker
from siptapi_frontends.setup.profiles import OTHER, Profile, profile_of, profiles
from siptapi_frontends.setup.proposing import propose
from siptapi_frontends.setup.trying import ACCOUNT, PHONE, WAY, Try, problems
from siptapi_frontends.setup.writing import password_place

_QUESTIONS = {
    "domain": "Domain of the account (what stands after the @)",
    "outbound_proxy": "Server, where it is not the domain (Enter: it is)",
    "user": "User (what stands before the @)",
    "auth_user": "User name for authentication, where it is another (Enter: the same)",
    "phone": "Extension or address of the phone to ring (Enter: the account's own)",
}
_NEEDED = ("domain", "user")
DEFAULT_NAME = "office"
DEFAULT_VARIABLE = "SIPTAPI_PASSWORD"


class Given(Value, kw_only=True):
    """What the user gave by flags: ``keys`` of the line, and where its password is, if anywhere."""

    keys: Mapping[str, str] = {}
    profile: str = ""
    line: str = ""
    password: object = None


class Prepared(Value, kw_only=True):
    """What is to be written: ``password`` stands in the settings.

    ``secret`` goes into a file of its own, "" where there is none; ``settings`` are to dial with.
    """

    account: Account
    password: object
    secret: str
    settings: Settings


class Dialogue:
    """One run of ``siptapi setup``; ``path`` are the settings, ``existing`` what they have."""

    def __init__(
        self,
        asker: Asker,
        attempt: Try,
        show: Callable[[tuple[Finding, ...]], None],
        *,
        path: Path,
        existing: str,
        taken: Collection[str],
    ) -> None:
        self._asker = asker
        self._attempt = attempt
        self._show = show
        self._path = path
        self._existing = existing
        self._taken = taken
        self._findings: tuple[Finding, ...] = ()

    def hold(self, given: Given) -> Prepared:
        """Ask and try, until there is something to write.

        Raises:
            UsageError: the user stopped, or the input ended.
            SettingsError: what was given cannot be.
        """
        profile = self._profile(given.profile)
        name = given.line or self._asker.text(
            "Name of the line", default=free_name(self._taken), problem=self._problem_with_name
        )
        if wrong := self._problem_with_name(name):
            raise UsageError(f"the line {name!r}: {wrong}")
        account = Account(name=name, keys=profile.line).with_keys(**given.keys)
        account = self._until_right(
            account, _wanted(profile, account, ("domain", "outbound_proxy", "user")), None, WAY
        )
        password, secret, account = self._password(account, profile, given)
        shown = secret or password
        account = self._until_right(account, _wanted(profile, account, ("phone",)), shown, PHONE)
        account = self._strategies(account, shown)
        if secret:
            password, secret = self._keep(secret, name)
        settings = account.settings(shown, self._path, self._existing)
        return Prepared(account=account, password=password, secret=secret, settings=settings)

    def _profile(self, name: str) -> Profile:
        known = profiles()
        if not name:
            titles = (f"  {each.name:12}{each.title}" for each in known.values())
            say("What is the account at?", *titles)
            name = self._asker.choice("Which", tuple(known), default=OTHER)
        profile = profile_of(name)
        say(f"{profile.title}: {profile.special}", "")
        return profile

    def _password(
        self, account: Account, profile: Profile, given: Given
    ) -> tuple[object, str, Account]:
        """What stands in the settings if it was given, the password if it was typed."""
        password, secret = given.password, ""
        if password is None:
            secret = self._asker.secret("Password (not shown)")
        account = self._ask(account, _wanted(profile, account, ("auth_user",)))
        while not self._is_right(account, secret or password, ACCOUNT):
            account = self._ask(account, ("user", "auth_user"))
            if given.password is None:
                secret = self._asker.secret("Password (not shown)")
        return password, secret, account

    def _until_right(
        self, account: Account, keys: Collection[str], password: object, names: tuple[str, ...]
    ) -> Account:
        account = self._ask(account, keys)
        while not self._is_right(account, password, names):
            account = self._ask(account, _SUBJECTS[names])
        return account

    def _is_right(self, account: Account, password: object, names: Collection[str]) -> bool:
        """Whether to go on: there is no problem, or the user does not mind."""
        settings = account.settings(password, self._path, self._existing)
        self._findings = self._attempt(settings, account.name, names)
        self._show(self._findings)
        if not problems(self._findings):
            return True
        what = self._asker.choice("What now", ("change", "go on", "stop"), default="change")
        if what == "stop":
            raise UsageError("stopped; nothing was written")
        return what == "go on"

    def _ask(self, account: Account, keys: Collection[str]) -> Account:
        for key in keys:

            def problem(answer: str, key: str = key) -> str:
                if not answer:
                    return "it is needed" if key in _NEEDED else ""
                return problem_with(key, answer)

            default = str(account.keys.get(key, ""))
            answer = self._asker.text(_QUESTIONS[key], default=default, problem=problem)
            account = account.with_keys(**{key: answer})
        return account

    def _strategies(self, account: Account, password: object) -> Account:
        proposal = propose(account.keys, self._findings)
        say("This is how calls can be made:", *(f"  {reason}" for reason in proposal.reasons))
        account = account.with_keys(**proposal.keys)

        def problem(answer: str) -> str:
            names = _names(answer)
            if not names:
                return "name one at least"
            tried = account.with_keys(strategies=names)
            settings = tried.settings(password, self._path, self._existing)
            found = self._attempt(settings, account.name, ("config",))
            return next((each.seen for each in problems(found)), "")

        default = ", ".join(proposal.strategies)
        answer = self._asker.text("Strategies, in order", default=default, problem=problem)
        return account.with_keys(strategies=_names(answer))

    def _keep(self, secret: str, line: str) -> tuple[object, str]:
        """What stands in the settings for a password that was typed, and what goes into a file."""
        where = self._asker.choice(
            "Keep the password in a file of its own, an environment variable, or the settings",
            ("file", "environment", "settings"),
            default="file",
        )
        if where == "settings":
            return secret, ""
        if where == "environment":
            name = self._asker.text("Name of the variable", default=DEFAULT_VARIABLE)
            say(f"  Set {name} to it where SIPTAPI runs.")
            return {"env": name}, ""
        place = password_place(self._path, line)
        return {"file": f"{place.parent.name}/{place.name}"}, secret

    def _problem_with_name(self, name: str) -> str:
        return problem_with_name(name, self._taken, self._path)


def prepare(
    given: Given,
    attempt: Try | None,
    show: Callable[[tuple[Finding, ...]], None],
    *,
    path: Path,
    existing: str,
    taken: Collection[str],
) -> Prepared:
    """What the flags alone say, tried by ``attempt``, if that is wanted; nobody is asked.

    Raises:
        UsageError: something is missing, or was found to be wrong.
        SettingsError: what was given cannot be.
    """
    profile = profile_of(given.profile or OTHER)
    name = given.line or free_name(taken)
    if wrong := problem_with_name(name, taken, path):
        raise UsageError(f"--line {name}: {wrong}")
    account = Account(name=name, keys=profile.line).with_keys(**given.keys)
    missing = [f"--{key}" for key in _NEEDED if key not in account.keys]
    if missing:
        raise UsageError(f"{' and '.join(missing)}: needed, as nobody is asked")
    settings = account.settings(given.password, path, existing)
    if attempt is not None:
        found = attempt(settings, name, ("config", *WAY, *ACCOUNT, *PHONE))
        show(found)
        if problems(found):
            raise UsageError("nothing was written, because of these problems (--no-try writes it)")
        proposal = propose(account.keys, found)
        account = account.with_keys(**proposal.keys, strategies=proposal.strategies)
        settings = account.settings(given.password, path, existing)
    return Prepared(account=account, password=given.password, secret="", settings=settings)


def free_name(taken: Collection[str]) -> str:
    """A name for a line that no line has."""
    names = (DEFAULT_NAME, *(f"{DEFAULT_NAME}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def problem_with_name(name: str, taken: Collection[str], path: Path) -> str:
    """Why a new line cannot have that name; "": it can."""
    if name in taken:
        return f"{path} has a line of that name"
    return "" if name and name.isprintable() else "expected a name such as office"


_SUBJECTS = {WAY: ("domain", "outbound_proxy"), PHONE: ("phone",)}


def _wanted(profile: Profile, account: Account, keys: Collection[str]) -> tuple[str, ...]:
    """Those of ``keys`` that are to be asked: needed or asked by the profile, and not known."""
    wanted = (key for key in keys if key in (*_NEEDED, *profile.asks))
    return tuple(key for key in wanted if key not in account.keys)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())
