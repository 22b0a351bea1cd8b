"""The log line of a refused request: programs can read it, and no stranger can write into it."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from siptapi_core import logs
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.targets import Address

DOCS = Path(__file__).parents[2] / "docs" / "strangers.md"
FORGED = '", "address": "192.0.2.1", "port": 1, "method": "INVITE", "reason": "not accepted'
STRANGERS = [Address("198.51.100.7", 5071), Address("2001:db8::7", 5071)]


def fail2ban_filter() -> re.Pattern[str]:
    """The filter of the docs, with what fail2ban puts in for <HOST>, as far as it is an address."""
    [text] = re.findall(r"^failregex = (.*)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    return re.compile(text.replace("<HOST>", r"(?P<host>[0-9A-Fa-f:.]+)"))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure("warning", stream)
    yield stream
    logs._output = logs._Output("warning", None)


def refuse(source: Address, *datagrams: bytes) -> None:
    """A network of ours gets ``datagrams`` from a stranger, and sends nothing."""

    async def main() -> None:
        network = await SipNetwork.open(
            clock=SystemClock(),
            identifiers=SystemIdentifiers(),
            logger=logs.logger("siptapi"),
            hosts=("127.0.0.1",),
        )
        sent: list[Address] = []
        network._driver._send = lambda _data, to: sent.append(to)
        for data in datagrams:
            network._receive(data, source)
        await network.close()
        assert sent == []

    asyncio.run(main())


def request(method: str, name: str = "x", user: str = "201", version: str = "2.0") -> bytes:
    return (
        f"{method} sip:{user}@192.0.2.9 SIP/{version}\r\n"
        "Via: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n"
        f"From: {name} <sip:{user}@192.0.2.66>;tag=1\r\nTo: <sip:{user}@192.0.2.9>\r\n"
        f"Call-ID: {name}\r\nCSeq: 1 {method}\r\nUser-Agent: {name}\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("source", STRANGERS, ids=str)
@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "FOO"])
def test_the_filter_of_the_docs_finds_the_address(
    log: io.StringIO, source: Address, method: str
) -> None:
    refuse(source, request(method))
    [line] = log.getvalue().splitlines()
    found = fail2ban_filter().search(line)
    assert found
    assert found["host"] == source.host
    assert json.loads(line)["event"] == "request refused"
    [example] = re.findall(r"```json\n(.*)\n```", DOCS.read_text(encoding="utf-8"))
    assert json.loads(example).keys() == json.loads(line).keys()
    assert fail2ban_filter().search(example)


@pytest.mark.parametrize(
    "data",
    [
        request("INVITE", name=FORGED),
        request("INVITE", name=f'"{FORGED}"'),
        request("INVITE", name=f'x\r\n{{"logger": "siptapi{FORGED}'),
        request("INVITE", user="1%22,%22address%22:%22192.0.2.1"),
        request("REGISTER", version=f"2.0{FORGED}"),
        request(FORGED.replace(" ", "")),
        request('a"address":"192.0.2.1"'),
        request("`!%*_+'~.-"),
    ],
)
def test_no_stranger_puts_another_address_there(log: io.StringIO, data: bytes) -> None:
    refuse(STRANGERS[0], data)
    lines = log.getvalue().splitlines()
    assert len(lines) <= 1
    for line in lines:
        assert [found["host"] for found in fail2ban_filter().finditer(line)] == [STRANGERS[0].host]
        assert "192.0.2.1" not in line


def test_a_call_that_only_came_another_way_locks_nobody_out() -> None:
    """The filter names the reason, and that one is another: the log is for the user."""
    line = '"address": "198.51.100.7", "port": 5060, "method": "INVITE", "reason": "{}", '
    line += '"unreported": 0, "event": "request refused"'
    assert fail2ban_filter().search(line.format("not accepted"))
    from siptapi_core.machine.strangers import ELSEWHERE

    assert not fail2ban_filter().search(line.format(ELSEWHERE))
