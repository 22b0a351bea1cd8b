"""What a plain dial imports before its INVITE leaves, counted: no clock, so no machine matters.

With a daemon, the INVITE leaves when the daemon was told; without, it is this process's own.

docs/performance.md says what each of these costs.
"""

import json
import os
import socket
import subprocess
import sys

import pytest

UNTIL_INVITE = """
import asyncio, os, socket, sys
before = set(sys.modules)

def of_attrs(module):
    return [
        f"{module.__name__}.{name}"
        for name, each in vars(module).items()
        if isinstance(each, type)
        and each.__module__ == module.__name__
        and "__attrs_attrs__" in vars(each)
    ]

def stop(event, arguments):
    if event == "socket.sendto":
        loaded = sorted(set(sys.modules) - before)
        ours = [sys.modules[name] for name in loaded if name.startswith("siptapi")]
        classes = [name for module in ours for name in of_attrs(module)]
        print(*loaded)
        print(*classes, flush=True)
        os._exit(0)

sys.addaudithook(stop)
sys.argv[:] = ["siptapi", *sys.argv[1:]]
from siptapi_frontends.cli.launcher import main
sys.exit(main())
"""

NOT_BEFORE_THE_INVITE = {
    "cattrs",
    "csv",
    "dns",
    "email",
    "hashlib",
    "http",
    "importlib.metadata",
    "json",
    "phonenumbers",
    "platformdirs",
    "random",
    "regex",
    "rich",
    "secrets",
    "shutil",
    "sqlite3",
    "structlog",
    "tempfile",
    "typing_extensions",
    "uuid",
    "zipfile",
    "siptapi_core.demo",
    "siptapi_core.history.archive",
    "siptapi_core.ladder",
    "siptapi_core.net.stream",
    "siptapi_core.net.stun_client",
    "siptapi_core.net.tls",
    "siptapi_core.numbers.links",
    "siptapi_core.numbers.numbering_plan",
    "siptapi_core.numbers.surroundings",
    "siptapi_core.sip.auth",
    "siptapi_frontends.cli.live_view",
}

ATTRS_CLASSES = 16
"""What settings give, and what every message has; any other is a `siptapi_core.values.Value`."""


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    config = tmp_path_factory.mktemp("cold_start") / "siptapi.toml"
    config.write_text(
        '[lines.office]\ndomain = "pbx.invalid"\nuser = "200"\npassword = "secret"\n'
        'outbound_proxy = "127.0.0.1:9"\n'
    )
    config.chmod(0o600)
    ended = subprocess.run(
        [sys.executable, "-c", UNTIL_INVITE, "--no-plugins", "--config", config, "dial", "1002"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
    )
    *_, loaded, classes = ended.stdout.splitlines()
    return loaded.split(), classes.split()


def test_nothing_heavy_is_imported_before_the_invite(started):
    loaded, _ = started
    assert "siptapi_core.machine.phone_leg" in loaded
    assert not NOT_BEFORE_THE_INVITE.intersection(loaded)


def test_few_classes_are_made_by_attrs(started):
    _, classes = started
    assert len(classes) <= ATTRS_CLASSES, classes


UNTIL_HANDED_OVER = """
import os, sys
before = set(sys.modules)

def stop(event, arguments):
    if event == "import" and arguments[0] == "siptapi_frontends.cli.application":
        print(*sorted(set(sys.modules) - before), flush=True)
        os._exit(0)

sys.addaudithook(stop)
sys.argv[:] = ["siptapi", "dial", "1002"]
from siptapi_frontends.cli.launcher import main
sys.exit(main())
"""


def test_a_daemon_is_told_before_anything_else_is_imported(short_home):
    file = short_home / "siptapi" / "control.sock"
    file.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(file))
        daemon.listen()
        daemon.settimeout(60)
        ended = subprocess.run(
            [sys.executable, "-c", UNTIL_HANDED_OVER],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
        )
        connected, _ = daemon.accept()
        with connected, connected.makefile("rb") as lines:
            told = [json.loads(line) for line in lines]
    assert told[-1] == {"id": 3, "command": "dial", "number": "1002"}
    loaded = ended.stdout.split()
    assert not {"asyncio", "pathlib", "argparse", "tomllib", "attr", "pluggy"}.intersection(loaded)
    assert [name for name in loaded if name.startswith("siptapi")] == [
        "siptapi_core",
        "siptapi_core.control",
        "siptapi_core.control.finding",
        "siptapi_core.control.place",
        "siptapi_core.state_folder",
        "siptapi_frontends",
        "siptapi_frontends.cli",
        "siptapi_frontends.cli.launcher",
        "siptapi_frontends.cli.quick_dial",
    ]
