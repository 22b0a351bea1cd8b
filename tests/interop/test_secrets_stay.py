"""Secrets are planted in every way there is, and looked for in everything that comes out."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from lab.attackers import Tap
from lab.daemon import Daemon
from lab.kamailio import DOMAIN
from lab.laboratory import Lab
from lab.programs import read_texts, wait_until

pytestmark = pytest.mark.interop

IN_THE_FILE = 'kahlkopf"9\\ä-1'
BY_FILE, BY_COMMAND, BY_ENVIRONMENT, BY_CREDENTIAL = (f"kahlkopf-{n}" for n in range(2, 6))
WEBHOOK = "kahlkopf-webhook"
PLANTED = "kahlkopf"
"""What all of them begin with."""
COMMANDS = (
    *(("config", "check"), ("history", "--csv"), ("plugins", "list"), ("token", "list")),
    *(("lines", "--json"), ("number", "2", "--json"), ("resolve", f"sip:{DOMAIN}", "--json")),
    *(("status", "--json"), ("reload",)),
    ("--no-daemon", "--trace", "--log-level", "debug", "dial", "--line", "line-alice", "2002"),
)
SCOPES = ("--scope", "read", "--scope", "dial", "--scope", "admin")
BROKEN = """\
import siptapi_core.sip.auth as auth
from siptapi_core import hookimpl

@hookimpl
def siptapi_observers():
    return []

sign = auth.answer

def answer(challenge, credentials, **rest):
    if credentials.username == "broken":
        secret = credentials.password
        raise RuntimeError("broken on purpose")
    return sign(challenge, credentials, **rest)

auth.answer = answer
"""


class Office:
    """A daemon that keeps its secrets in every place, behind a tap to its proxy."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.proxy = lab.kamailio(
            passwords={
                "alice": BY_FILE,
                "2002": BY_COMMAND,
                "3003": BY_ENVIRONMENT,
                "4004": BY_CREDENTIAL,
                "broken": "kahlkopf-6",
                "wrong": "another",
            }
        )
        lab.baresip("alice", self.proxy, password=BY_FILE)
        lab.baresip("2002", self.proxy, password=BY_COMMAND)
        self.tap = Tap(lab.host(), (self.proxy.host, 5060))
        self.folder = folder
        (folder / "credentials").mkdir(mode=0o700)
        for name, text in (("sip-password", BY_FILE), ("credentials/sip", BY_CREDENTIAL)):
            (folder / name).write_text(f"{text}\n")
            (folder / name).chmod(0o600)
        (folder / "ask").write_text(f"#!/bin/sh\necho {BY_COMMAND}\n")
        (folder / "ask").chmod(0o700)
        (folder / "broken.py").write_text(BROKEN)
        host, port = self.tap.place
        line = {
            "domain": DOMAIN,
            "outbound_proxy": f"{host}:{port}",
            "register": True,
            "failure_linger": 0.2,
        }
        secrets: dict[str, dict[str, Any]] = {
            "alice": {"password.file": str(folder / "sip-password")},
            "2002": {"password.command": [str(folder / "ask")]},
            "3003": {"password.env": "SIP_PASSWORD"},
            "4004": {"password.credential": "sip"},
            "broken": {"password": "kahlkopf-6"},
            "wrong": {"password": IN_THE_FILE},
        }
        self.http, self.metrics = f"{lab.host()}:5088", lab.host()
        lines = {f"lines.line-{user}": line | {"user": user} | secrets[user] for user in secrets}
        self.daemon = Daemon(
            folder / "daemon",
            {
                **lines,
                "frontends.http": {"listen": self.http},
                "observers.metrics": {"address": self.metrics},
                "[observers.webhooks.targets]": {
                    "url": "http://127.0.0.1:9/kahlkopf-7",
                    "secret": WEBHOOK,
                },
            },
            environment={
                "SIP_PASSWORD": BY_ENVIRONMENT,
                "CREDENTIALS_DIRECTORY": str(folder / "credentials"),
            },
            plugins=[folder / "broken.py"],
        )
        self.saved = folder / "daemon" / "saved"
        self.saved.mkdir(mode=0o700)
        arguments = self.daemon._arguments
        self.daemon._arguments = ["debug" if each == "info" else each for each in arguments]
        lab._run(self.daemon)
        wait_until(
            lambda: read_texts(self.daemon.errors).count('"state": "registered"') == 4,
            seconds=10,
            what="four lines registered",
        )

    def told(self) -> Iterator[tuple[str, str]]:
        """Everything that the daemon, its clients and its doors say, by who says it."""
        daemon = self.daemon
        for command in COMMANDS:
            done = daemon.say(*command)
            yield f"siptapi {' '.join(command)}", done.stdout + done.stderr
        past = json.loads(daemon.say("history", "--json").stdout)
        call = next(call["call"] for call in past if call["line"] == "line-wrong")
        for command in (
            ("history", call),
            ("trace", call, "--messages"),
            ("trace", call, "--json"),
        ):
            done = daemon.say(*command)
            yield f"siptapi {' '.join(command)}", done.stdout + done.stderr
        for option, name in (("--pcap", "call.pcap"), ("--bundle", "call.zip")):
            done = daemon.say("trace", call, option, str(self.saved / name))
            assert done.returncode == 0, done.stderr
        token = daemon.say("token", "add", "all", *SCOPES).stdout.strip()
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"http://{self.http}", headers=headers) as client:
            paths = client.get("/api/v1/openapi.json").json()["paths"]
            asked = 0
            for path, operations in paths.items():
                if "get" in operations and not path.endswith("/events"):
                    filled = path.replace("{call}", call).replace("{line}", "line-alice")
                    answer = client.get(f"/api/v1{filled}")
                    asked += answer.status_code == 200
                    yield f"GET {path}", f"{answer.headers} {answer.text}"
            assert asked > 5
        yield "metrics", httpx.get(f"http://{self.metrics}:9650/metrics").text
        yield (
            "processes",
            "\n".join(
                file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                for file in Path("/proc").glob("[0-9]*/cmdline")
                if _is_there(file)
            ),
        )
        for output in (daemon.output, daemon.errors):
            yield output.name, read_texts(output)
        assert token not in read_texts(daemon.errors), "a token is shown once, to who made it"

    def kept(self) -> Iterator[tuple[str, bytes]]:
        """Every file that it wrote, by name; what is in a ZIP file each by itself."""
        own = {self.daemon.config, self.daemon.output, self.daemon.errors}
        for file in sorted(self.daemon.folder.rglob("*")):
            if file.is_file() and file not in own:
                yield str(file.relative_to(self.daemon.folder)), file.read_bytes()
                if zipfile.is_zipfile(file):
                    with zipfile.ZipFile(file) as archive:
                        for name in archive.namelist():
                            yield f"{file.name}/{name}", archive.read(name)

    def secrets(self) -> list[str]:
        """What must not be found: the secrets as others would write them, and what proves them."""
        forms = [PLANTED, quote(IN_THE_FILE), json.dumps(IN_THE_FILE)[1:-1]]
        planted = (IN_THE_FILE, BY_FILE, BY_COMMAND, BY_ENVIRONMENT, BY_CREDENTIAL, WEBHOOK)
        forms += [base64.b64encode(each.encode()).decode().rstrip("=") for each in planted]
        for user, password in (("alice", BY_FILE), ("2002", BY_COMMAND)):
            clear = f"{user}:{DOMAIN}:{password}".encode()
            forms += [hashlib.md5(clear).hexdigest(), hashlib.sha256(clear).hexdigest()]
        sent = b"".join(self.tap.heard).decode()
        responses = re.findall(r'response="([0-9a-f]{32,})"', sent)
        assert len(responses) > 5
        return [*forms, *responses]


def _is_there(file: Path) -> bool:
    try:
        return bool(file.read_bytes())
    except OSError:  # it has ended meanwhile
        return False


@pytest.fixture
def office(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(lab, tmp_path_factory.mktemp("office"))
    yield made
    made.tap.close()


def test_no_secret_comes_out_anywhere(office: Office) -> None:
    daemon = office.daemon
    assert daemon.say("dial", "--line", "line-alice", "2002").returncode == 0
    assert daemon.say("dial", "--line", "line-wrong", "2002").returncode != 0
    texts = dict(office.told())
    assert "broken on purpose" in texts["errors.txt"], "a crash was logged, with its traceback"
    assert "Traceback" in texts["errors.txt"]
    traced = next(text for name, text in texts.items() if "--trace" in name)
    assert 'response="***"' in traced or "response=***" in traced, traced
    daemon.stop()
    texts |= {name: content.decode("latin-1") for name, content in office.kept()}
    for file in ("history.db", "call.pcap", "call.zip"):
        assert any(file in name for name in texts), file
    for secret in office.secrets():
        assert [name for name, text in texts.items() if secret in text] == [], secret


def test_what_it_writes_is_its_user_s_alone(office: Office) -> None:
    daemon = office.daemon
    daemon.say("dial", "--line", "line-alice", "2002")
    daemon.say("token", "add", "all")
    written = [
        path for path in daemon.folder.rglob("*") if path not in (daemon.output, daemon.errors)
    ]
    runtime = [*daemon._runtime.rglob("*")]
    assert len(written) > 3
    assert runtime
    open_to_others = [
        str(path)
        for path in (*written, *runtime)
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert open_to_others == []
