"""The example of a third party's plugin keeps the contract, installs, and is found."""

from __future__ import annotations

import json
import os
import subprocess
import venv
from pathlib import Path

import pytest

from siptapi_core import Context, DialRequest, Offer, SettingsError, Strategy
from siptapi_core.logs import logger
from siptapi_core.plugin_loading import create, load_plugins
from siptapi_core.settings import structure
from siptapi_core.testing import StrategyContract
from siptapi_core.testing.fake_clock import FakeClock
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
    return create(offered, settings, Context(clock=FakeClock(), logger=logger("test")))


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


@pytest.mark.interop
def test_pip_installs_it_beside_siptapi_and_siptapi_finds_it(tmp_path: Path) -> None:
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    _run(str(programs / "python"), "-m", "pip", "install", "--quiet", str(PROJECT), str(EXAMPLE))
    listed = json.loads(_run(str(programs / "siptapi"), "plugins", "list", "--json"))
    assert [each for each in listed if each["distribution"] == "siptapi-sbc"] == [
        {
            "name": "sbc",
            "kind": "strategy",
            "offers": [{"kind": "strategy", "name": "refer-via-sbc"}],
            "distribution": "siptapi-sbc",
            "version": "0.1.0",
            "state": "loaded",
            "why": "",
        }
    ]
    assert {each["state"] for each in listed if each["distribution"] == "siptapi"} == {"loaded"}


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout
