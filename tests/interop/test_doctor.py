"""``siptapi doctor`` finds planted faults, and names the right cause for each: no other."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen
from certificates import Authority
from lab.addresses import PORT
from lab.kamailio import DOMAIN
from lab.laboratory import PASSWORDS, Lab
from lab.odd_server import OddServer, odd_server
from lab.siptapi import settings_text, user_environment

pytestmark = pytest.mark.interop

SIPTAPI = str(Path(sys.executable).with_name("siptapi"))
AT_ONCE = 6


@frozen
class Fault:
    """A set-up with one fault: ``check`` must find it, in words that have ``words``."""

    check: str
    words: str
    line: Mapping[str, Any]
    tables: Mapping[str, Any] = field(factory=dict)
    environment: Mapping[str, str] = field(factory=dict)
    options: tuple[str, ...] = ()


class Doctor:
    """Runs ``siptapi doctor`` with settings of its own each time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def see(self, name: str, fault: Fault) -> tuple[int, list[dict[str, Any]]]:
        """The exit code, and all findings."""
        folder = self._folder / name.replace(" ", "-")
        folder.mkdir()
        config = folder / "siptapi.toml"
        account = {"domain": DOMAIN, "user": "alice", "password": PASSWORDS["alice"]}
        line = {key: value for key, value in (account | dict(fault.line)).items() if value != ""}
        tables = {"lines.office": line} | dict(fault.tables)
        config.write_text(settings_text(tables), encoding="utf-8")
        config.chmod(0o600)
        async with self._turns:
            process = await asyncio.create_subprocess_exec(
                *(SIPTAPI, "--config", str(config), *fault.options, "doctor", "--json"),
                env=user_environment(folder)
                | {"XDG_RUNTIME_DIR": str(folder)}
                | dict(fault.environment),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            output, errors = await process.communicate()
        assert b"Traceback" not in errors, errors.decode()
        return process.returncode or 0, json.loads(output)["findings"]


@asynccontextmanager
async def tls_server(host: str, certificate: Path) -> AsyncIterator[None]:
    """Something that shows ``certificate``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(
        lambda _reader, writer: writer.close(), host, PORT, ssl=context
    )
    try:
        yield
    finally:
        server.close()


async def planted(
    lab: Lab, folder: Path, stack: AsyncExitStack, authority: Authority
) -> dict[str, Fault]:
    """All faults by name, and whatever they need, started."""
    passwords = PASSWORDS | {"2003": "secret-of-2003"}
    proxy = lab.kamailio(passwords=passwords)
    lab.baresip("alice", proxy)
    here = {"outbound_proxy": proxy.uri}
    registered = here | {"domain": DOMAIN, "register": True}
    lines = {
        user: registered | {"user": user, "password": passwords[user]} for user in ("alice", "2003")
    }
    other_daemon = lab.daemon(
        tables={f"lines.{user}": line for user, line in lines.items()}, active=False
    )
    for user in lines:
        other_daemon.await_logged("registration_changed", line=user, state="registered")

    async def odd(**options: Any) -> str:
        host = lab.host()
        headers = options.pop("headers", {})
        await stack.enter_async_context(odd_server(host, lambda: OddServer(headers, **options)))
        return f"sip:{host}"

    async def tls(**options: Any) -> dict[str, Any]:
        host = lab.host()
        name = options.pop("name", host)
        certificate = authority.issue(name, **options)
        await stack.enter_async_context(tls_server(host, certificate))
        trust = {"tls_ca_file": str(authority.certificate)}
        return {"outbound_proxy": f"sip:{host}:{PORT};transport=tls"} | trust

    taken = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    taken.bind(("127.0.0.1", 0))
    dead = lab.host()
    dns = lab.knot(
        {"dead.test": f"_sip._udp SRV 0 0 {PORT} server\nserver A {dead}\n", "empty.test": ""}
    )
    names = {"dns": {"servers": [dns.server]}}
    broken = folder / "broken.py"
    broken.write_text("raise ImportError('no such thing')\n", encoding="utf-8")
    return {
        "wrong password": Fault("credentials", "refuses user 'alice'", here | {"password": "no"}),
        "wrong realm": Fault("credentials", "realm is 'voip.test'", here | {"realm": "x.test"}),
        "no password": Fault("credentials", "wants a password", here | {"password": ""}),
        "unknown account": Fault(
            "credentials", "refuses user 'nobody'", here | {"user": "nobody", "phone": "alice"}
        ),
        "unknown domain": Fault("dns", "leads nowhere", {"domain": "nowhere.empty.test"}, names),
        "SRV to a dead host": Fault("reachability", "SRV", {"domain": "dead.test"}, names),
        "port closed": Fault(
            "reachability", "refuses our packets", {"outbound_proxy": f"{proxy.host}:5999"}
        ),
        "TCP port closed": Fault(
            "reachability",
            "accepts no connections",
            {"outbound_proxy": f"sip:{proxy.host}:5999;transport=tcp"},
        ),
        "UDP blocked": Fault("reachability", "Silence", {"outbound_proxy": await odd(mute=True)}),
        "expired certificate": Fault("tls", "has expired", await tls(days=(-3, -2))),
        "another's certificate": Fault("tls", "is for other.test", await tls(name="other.test")),
        "self-signed certificate": Fault("tls", "is self-signed", await tls(self_signed=True)),
        "phone not registered": Fault(
            "registration",
            "No phone answers",
            here | {"user": "2002", "password": PASSWORDS["2002"]},
        ),
        "REFER refused": Fault(
            "refer",
            "no REFER",
            {"outbound_proxy": await odd(headers={"Allow": "INVITE, ACK, BYE"})},
        ),
        "clock off": Fault(
            "clock",
            "ahead of",
            {"outbound_proxy": await odd(headers={"Date": "Sat, 13 Nov 2010 23:29:00 GMT"})},
        ),
        "mapping changes": Fault("nat", "and then at", {"outbound_proxy": await odd(lies=True)}),
        "port taken": Fault(
            "ports",
            "in use by another program",
            here,
            {"": {"local_ports": str(taken.getsockname()[1]), "local_addresses": ["127.0.0.1"]}},
        ),
        "plugin broken": Fault("plugins", "no such thing", here, options=("--plugin", str(broken))),
        "secret not there": Fault(
            "secrets",
            "SIP_SECRET is not set",
            here | {"password": ""},
            {"lines.office.password": {"env": "SIP_SECRET"}},
        ),
        "history broken": Fault("history", "history", here, {"history": {"file": str(folder)}}),
        "setting misspelt": Fault("config", "pasword", here | {"pasword": "x"}),
        "daemon with other settings": Fault(
            "daemon",
            "other settings",
            here,
            environment={
                "XDG_RUNTIME_DIR": other_daemon.environment(folder)["XDG_RUNTIME_DIR"],
            },
        ),
        "registered by ourselves alone": Fault(
            "registration",
            "No phone is registered",
            here | {"user": "2003", "password": passwords["2003"], "register": True},
        ),
        "registered by ourselves too": Fault("", "", here | {"register": True}),
        "nothing": Fault("", "", here),
    }


def test_each_planted_fault_is_found_and_nothing_else(lab: Lab, tmp_path: Path) -> None:
    asyncio.run(find_all(lab, tmp_path))


async def find_all(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "doctor"
    folder.mkdir()
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    async with AsyncExitStack() as stack:
        faults = await planted(lab, folder, stack, Authority(certificates))
        doctor = Doctor(folder)
        seen = await asyncio.gather(*(doctor.see(*each) for each in faults.items()))
    wrong = {}
    for (name, fault), (exit_code, findings) in zip(faults.items(), seen, strict=True):
        problems = [each for each in findings if each["verdict"] == "problem"]
        blamed = {each["check"] for each in problems}
        told = any(fault.words in f"{each['seen']} {each['means']}" for each in problems)
        helped = all(each["means"] and each["do"] for each in problems)
        right = blamed == {fault.check} and told and exit_code == 3 and helped
        if not (right if fault.check else (not problems and exit_code == 0)):
            wrong[name] = exit_code, problems or findings
    assert not wrong, json.dumps(wrong, indent=1)
    assert len(faults) > 15  # as many as were asked for
