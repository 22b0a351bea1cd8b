"""The example of a third party's plugin keeps the contract, installs, is found, and dials."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import venv
from pathlib import Path

import pytest

from siptapi_core import Context, DialRequest, Offer, SettingsError, Strategy
from siptapi_core.demo import open_demo
from siptapi_core.logs import logger
from siptapi_core.plugin_loading import create, load_plugins
from siptapi_core.settings import LineSettings, structure
from siptapi_core.testing import StrategyContract
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.testing.fake_dns import FakeDns
from siptapi_core.testing.fake_network import FakeNetwork

PROJECT = Path(__file__).parents[1]
EXAMPLE = PROJECT / "examples" / "siptapi-sbc"


def offer() -> Offer[object, Strategy]:
    return load_plugins(files=[EXAMPLE / "siptapi_sbc.py"]).strategies["refer-via-sbc"]


def strategy(host: object) -> Strategy:
    offered = offer()
    settings = structure(
        {"host": host}, offered.settings, where="siptapi.toml", key="strategies.refer-via-sbc"
    )
    context = Context(clock=FakeClock(), dns=FakeDns(), logger=logger("test"))
    return create(offered, settings, context)


class TestReferViaSbc(StrategyContract):
    def make(self) -> Strategy:
        return strategy("sbc.example.com")


def test_the_invite_goes_by_the_session_border_controller() -> None:
    request: DialRequest = StrategyContract.request
    network = FakeNetwork()
    strategy("sbc.example.com:5070").start(request, network)
    (plan,) = network.plans
    assert [str(each) for each in plan.route] == ["<sip:sbc.example.com:5070;lr>"]
    assert str(plan.next_hop) == "sip:sbc.example.com:5070;lr"
    assert plan.target == request.line.phone


def test_a_bad_setting_of_the_plugin_is_named_by_its_key() -> None:
    with pytest.raises(SettingsError) as caught:
        strategy("no host at all")
    assert caught.value.where == "siptapi.toml"
    assert caught.value.key.startswith("strategies.refer-via-sbc")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment of its own, with SIPTAPI and the example installed by pip."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    pip_install = (str(programs / "python"), "-m", "pip", "install", "--quiet")
    subprocess.run([*pip_install, str(PROJECT), str(EXAMPLE)], timeout=300, check=True)
    return programs


@pytest.mark.interop
def test_siptapi_lists_it_where_pip_installed_it(programs: Path) -> None:
    command = [str(programs / "siptapi"), "plugins", "list", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True)
    listed = json.loads(done.stdout)
    assert [each for each in listed if each["distribution"] == "siptapi-sbc"] == [
        {
            "name": "sbc",
            "kind": "strategy",
            "offers": {"strategy": ["refer-via-sbc"]},
            "distribution": "siptapi-sbc",
            "version": "0.1.0",
            "state": "loaded",
            "why": "",
        }
    ]
    assert {each["state"] for each in listed if each["distribution"] == "siptapi"} == {"loaded"}


@pytest.mark.interop
def test_siptapi_dials_through_its_strategy(programs: Path, tmp_path: Path) -> None:
    events = asyncio.run(_dial(programs / "siptapi", tmp_path / "siptapi.toml"))
    assert [each["event"] for each in events[:2]] == ["call_placed", "phone_calling"]
    assert events[1]["strategy"] == "refer-via-sbc"
    assert (events[-1]["event"], events[-1]["outcome"]) == ("call_ended", "answered")


async def _dial(siptapi: Path, config: Path) -> list[dict[str, object]]:
    """Dial the demo's callee with a line that knows its proxy by the plugin's settings only."""
    async with open_demo() as demo:
        _write_settings(config, *demo.settings.lines.values())
        dialling = await asyncio.create_subprocess_exec(
            *(str(siptapi), "--config", str(config), "dial", "--json", demo.number),
            stdout=subprocess.PIPE,
        )
        try:
            printed, _ = await asyncio.wait_for(dialling.communicate(), 60)
        except TimeoutError:
            dialling.kill()
            raise
    assert dialling.returncode == 0, printed
    return [json.loads(line) for line in printed.splitlines()]


def _write_settings(config: Path, demo: LineSettings) -> None:
    assert demo.password is not None
    config.write_text(
        f"""
        [lines.desk]
        domain = "{demo.domain}"
        user = "{demo.user}"
        password = "{demo.password.reveal()}"
        phone = "{demo.phone}"
        strategies = ["refer-via-sbc"]

        [strategies.refer-via-sbc]
        host = "{demo.outbound_proxy}"
        """,
        encoding="utf-8",
    )
    config.chmod(0o600)
