"""What the section ``[frontends.http]`` says."""

from __future__ import annotations

import re
from typing import Any

from attrs import Attribute, field, frozen

from siptapi_core.values import Compared

_LARGEST_PORT = 65535


def listening_address(text: str) -> tuple[str, int]:
    """The IP address and port that ``text`` means: ``127.0.0.1:5088``, ``[::1]:5088``.

    Raises:
        ValueError: it means none.
    """
    from ipaddress import ip_address  # noqa: PLC0415  # not for every call of the command line

    match = re.fullmatch(r"\[([0-9a-fA-F:.]+)\]:([0-9]{1,5})|([0-9.]+):([0-9]{1,5})", text)
    if match is None or int(match[2] or match[4]) > _LARGEST_PORT:
        raise ValueError("expected an IP address and port such as 127.0.0.1:5088 or [::1]:5088")
    return str(ip_address(match[1] or match[3])), int(match[2] or match[4])


def _is_safe(instance: Any, _attribute: Attribute[Any], value: str) -> None:
    host, _ = listening_address(value)
    is_loopback = host == "::1" or host.startswith("127.")
    if not (is_loopback or instance.tls_certificate or instance.behind_proxy):
        raise ValueError(
            f"other computers could listen in at {host}: set tls_certificate and tls_key, or "
            "behind_proxy = true where a proxy that speaks TLS stands before it"
        )


def _is_pair(instance: Any, _attribute: Attribute[Any], _value: str) -> None:
    if bool(instance.tls_certificate) != bool(instance.tls_key):
        raise ValueError("tls_certificate and tls_key go together")


def _are_origins(_instance: Any, _attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    for origin in value:
        if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s*]+", origin):
            raise ValueError(f"expected origins such as https://crm.example, given {origin!r}")


def _are_hosts(_instance: Any, _attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    for host in value:
        if not re.fullmatch(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", host):
            raise ValueError(f"expected names such as phone.example, without port, given {host!r}")


def _is_positive(_instance: Any, _attribute: Attribute[Any], value: int) -> None:
    if value < 1:
        raise ValueError("expected 1 or more")


@frozen(kw_only=True, eq=False, repr=False)
class HttpSettings(Compared):
    """Where it listens, to whom, and how much it bears.

    Raises:
        ValueError: a value cannot be; the words say what was expected.
    """

    listen: str = field(
        default="127.0.0.1:5088",
        validator=_is_safe,
        metadata={
            "help": "the IP address and TCP port to listen on; any but this computer's own needs "
            "TLS, or behind_proxy"
        },
    )
    tls_certificate: str = field(
        default="",
        validator=_is_pair,
        metadata={
            "help": "a PEM file with the certificate, and those that lead to its authority; a "
            "path is absolute or begins with ~",
            "example": "/etc/siptapi/http.crt",
        },
    )
    tls_key: str = field(
        default="",
        validator=_is_pair,
        metadata={"help": "the PEM file with its key", "example": "/etc/siptapi/http.key"},
    )
    behind_proxy: bool = field(
        default=False,
        metadata={
            "help": "whether a proxy that speaks TLS stands before it: then no TLS is needed here"
        },
    )
    hosts: tuple[str, ...] = field(
        default=(),
        validator=_are_hosts,
        metadata={
            "help": "the names by which it is reached besides localhost and its address; "
            "whoever asks for another is refused, so that no web page can play this computer",
            "example": ["phone.example"],
        },
    )
    allowed_origins: tuple[str, ...] = field(
        default=(),
        validator=_are_origins,
        metadata={
            "help": "web sites whose pages may use the API, each with a token",
            "example": ["https://crm.example"],
        },
    )
    simple_door: bool = field(
        default=False,
        metadata={"help": "whether /dial?number=...&line=...&token=... dials, for simple programs"},
    )
    requests_per_minute: int = field(
        default=600,
        validator=_is_positive,
        metadata={"help": "how many requests a token, or a session of the page, may make"},
    )
    calls_per_minute: int = field(
        default=30,
        validator=_is_positive,
        metadata={"help": "how many calls may be asked for on one line"},
    )

    @property
    def address(self) -> tuple[str, int]:
        """The IP address and port to listen on."""
        return listening_address(self.listen)
