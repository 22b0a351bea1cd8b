"""What an answer is worth: maker and model, and the settings that call the phone directly."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources

from siptapi_core.values import Value
from siptapi_plugins.discover.answers import Answer, written

PLACEHOLDER = "EXTENSION"
"""Stands in the settings for an extension that the phone did not tell."""
_DEFAULT_PORT = 5060
_UNKNOWN = "unknown"


class Maker(Value, kw_only=True):
    """One table of ``makers.toml``."""

    maker: str
    kind: str
    pattern: re.Pattern[str]
    source: str
    auto_answer: tuple[str, ...] = ()
    auto_answer_source: str = ""
    examples: tuple[tuple[str, str], ...] = ()


class Device(Value, kw_only=True):
    """What answered; ``kind`` is ``phone``, ``adapter``, ``server`` or ``unknown``.

    ``user_agent`` is as it came, from a stranger: it may hold anything.
    """

    answer: Answer
    user_agent: str = ""
    maker: str = ""
    model: str = ""
    firmware: str = ""
    kind: str = _UNKNOWN
    auto_answer: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """For people: ``Yealink T46S 66.86.0.15``; not made printable."""
        known = " ".join(filter(None, (self.maker, self.model, self.firmware)))
        return known or self.user_agent or "says nothing of itself"


@cache
def read_makers() -> tuple[Maker, ...]:
    """The makers that are known, in the order in which they are looked for."""
    text = (resources.files(__package__) / "makers.toml").read_text(encoding="utf-8")
    return tuple(
        Maker(
            maker=table["maker"],
            kind=table["kind"],
            pattern=re.compile(table["pattern"]),
            source=table["source"],
            auto_answer=tuple(table.get("auto_answer", ())),
            auto_answer_source=table.get("auto_answer_source", ""),
            examples=tuple(table["examples"].items()),
        )
        for table in tomllib.loads(text)["makers"]
    )


def identify(answer: Answer, makers: Iterable[Maker] | None = None) -> Device:
    """Say what sent ``answer``."""
    for maker in read_makers() if makers is None else makers:
        for agent in answer.agents:
            if found := maker.pattern.match(agent):
                groups = found.groupdict(default="")
                return Device(
                    answer=answer,
                    user_agent=agent,
                    maker=maker.maker,
                    model=groups.get("model", ""),
                    firmware=groups.get("firmware", ""),
                    kind=maker.kind,
                    auto_answer=maker.auto_answer,
                )
    return Device(answer=answer, user_agent=answer.agents[0] if answer.agents else "")


def can_be_set(device: Device, extension: str = "") -> bool:
    """Whether a line may name it: it is no server, and has the ``extension`` that was asked for."""
    return device.kind != "server" and (not extension or device.answer.is_success)


def phone_setting(device: Device, extension: str = "") -> str:
    """A line's ``phone`` for ``device``, which has ``extension`` where that is given.

    `PLACEHOLDER` stands for an extension that nobody knows.
    """
    host, port = device.answer.place
    user = extension or device.answer.user or PLACEHOLDER
    place = f"[{host}]" if ":" in host else host
    return f"{user}@{place}" + ("" if port == _DEFAULT_PORT else f":{port}")


def proposal(device: Device, extension: str = "") -> list[str]:
    """Lines of TOML for the table of a line that calls ``device`` by its own address.

    Only what is in them as a comment came from a stranger: whoever shows them makes it printable.
    """
    lines = [f"# {written(device.answer.place)}: {device.name}"]
    if device.answer.refer is False:
        lines.append("# It says that it takes no REFER, without which it cannot be made to call.")
    lines += ['strategies = ["refer-to-phone"]', f'phone = "{phone_setting(device, extension)}"']
    if device.auto_answer:
        ways = ", ".join(f'"{way}"' for way in device.auto_answer)
        lines.append(f"# auto_answer = [{ways}]  # where it shall pick up by itself")
    return lines


def by_place(devices: Iterable[Device]) -> Sequence[Device]:
    """``devices`` in the order of their addresses."""
    import ipaddress  # noqa: PLC0415  # for sorting only

    def key(device: Device) -> tuple[int, int, int]:
        host, port = device.answer.place
        address = ipaddress.ip_address(host)
        return address.version, int(address), port

    return sorted(devices, key=key)
