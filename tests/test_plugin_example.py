"""The examples of third parties' plugins: they keep the contract, install, are found, and dial."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import venv
from pathlib import Path

import pytest

from siptapi_core import (
    Context,
    DialRequest,
    HostPort,
    Number,
    Offer,
    ResolveContext,
    ResolveError,
    Resolver,
    SettingsError,
    SipUri,
    Strategy,
    Transport,
)
from siptapi_core.demo import open_demo
from siptapi_core.logs import logger
from siptapi_core.plugin_loading import create, load_plugins
from siptapi_core.settings import LineSettings, structure
from siptapi_core.testing import ResolverContract, StrategyContract
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.testing.fake_dns import FakeDns
from siptapi_core.testing.fake_network import FakeNetwork
from siptapi_frontends.new_plugin.writing import Kind, write_plugin

PROJECT = Path(__file__).parents[1]
EXAMPLES = PROJECT / "examples"
EXAMPLE = EXAMPLES / "siptapi-sbc"
OFFERS = {
    "siptapi-sbc": ("sbc", {"strategy": ["refer-via-sbc"]}),
    "siptapi-phone-book": ("phone_book", {"resolver": ["phone-book"]}),
    "siptapi-drop-folder": ("siptapi_drop_folder", {"frontend": ["drop-folder"]}),
}


LAB = SipUri.parse("sip:lab@example.com")
SOON = ResolveContext(line="office", seconds_left=1)


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


class TestPhoneBook(ResolverContract):
    mine = (Number("305"),)
    foreign = (Number("306"), LAB, HostPort("pbx", 5060, Transport.UDP, "pbx"))

    @pytest.fixture(autouse=True)
    def book(self, tmp_path: Path) -> None:
        self.file = tmp_path / "book.csv"
        self.file.write_text(f"304\n305, {LAB}\n", encoding="utf-8")

    def make(self) -> Resolver:
        return phone_book(self.file)

    def test_a_row_without_an_address_is_named(self) -> None:
        with pytest.raises(ResolveError, match=r"book\.csv: 304 has no SIP address"):
            asyncio.run(self.make().resolve(Number("304"), SOON))

    def test_a_book_that_is_gone_is_named(self) -> None:
        self.file.unlink()
        with pytest.raises(ResolveError, match=r"book\.csv cannot be read: .*No such file"):
            asyncio.run(self.make().resolve(Number("305"), SOON))


def phone_book(file: Path) -> Resolver:
    module = EXAMPLES / "siptapi-phone-book" / "siptapi_phone_book.py"
    offered = load_plugins(files=[module]).resolvers["phone-book"]
    settings = structure({"file": str(file)}, offered.settings, where="x", key="resolvers.x")
    return create(offered, settings, Context(clock=FakeClock(), dns=FakeDns(), logger=logger("t")))


def test_the_drop_folder_is_what_siptapi_writes_for_a_new_front_end(tmp_path: Path) -> None:
    folder, *files = write_plugin("drop-folder", Kind.FRONTEND, tmp_path)
    for file in files:
        committed = EXAMPLES / file.relative_to(tmp_path)
        assert file.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")
    assert folder.name in OFFERS


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment of its own: SIPTAPI by pip, the examples by SIPTAPI."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    pip_install = (str(programs / "python"), "-m", "pip", "install", "--quiet", str(PROJECT))
    subprocess.run(pip_install, timeout=300, check=True)
    for distribution, (name, offers) in OFFERS.items():
        printed = _say(programs, "plugins", "install", str(EXAMPLES / distribution))
        [(kind, [offer])] = offers.items()
        assert printed.splitlines()[-1] == f"{distribution}: {kind} {offer}", name
    return programs


def _say(programs: Path, *arguments: str) -> str:
    command = [str(programs / "siptapi"), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, check=True)
    return done.stdout


@pytest.mark.interop
def test_siptapi_lists_them_where_they_were_installed(programs: Path) -> None:
    listed = json.loads(_say(programs, "plugins", "list", "--json"))
    others = {each["distribution"]: each for each in listed if each["distribution"] != "siptapi"}
    assert others == {
        distribution: {
            "name": name,
            "kind": next(iter(offers)),
            "offers": offers,
            "distribution": distribution,
            "version": "0.1.0",
            "state": "loaded",
            "why": "",
        }
        for distribution, (name, offers) in OFFERS.items()
    }
    assert {each["state"] for each in listed} == {"loaded"}


@pytest.mark.interop
def test_siptapi_dials_through_the_strategy(programs: Path, tmp_path: Path) -> None:
    events = asyncio.run(_dial(programs, tmp_path, _BY_STRATEGY, "{number}"))
    assert [each["event"] for each in events[:2]] == ["call_placed", "phone_calling"]
    assert events[1]["strategy"] == "refer-via-sbc"
    assert (events[-1]["event"], events[-1]["outcome"]) == ("call_ended", "answered")


@pytest.mark.interop
def test_siptapi_dials_whom_the_resolver_finds(programs: Path, tmp_path: Path) -> None:
    events = asyncio.run(_dial(programs, tmp_path, _BY_RESOLVER, "77"))
    assert events[0]["number"] == "77"
    assert (events[-1]["event"], events[-1]["outcome"]) == ("call_ended", "answered")


@pytest.mark.interop
def test_siptapi_dials_what_is_put_into_the_folder(programs: Path, tmp_path: Path) -> None:
    calls = asyncio.run(_drop(programs, tmp_path))
    assert [(each["number"], each["outcome"]) for each in calls] == [("301", "answered")]


@pytest.mark.interop
def test_what_was_installed_is_removed(programs: Path) -> None:
    for distribution in OFFERS:
        printed = _say(programs, "plugins", "uninstall", distribution)
        assert printed.splitlines()[-1] == f"{distribution} is removed."
    listed = json.loads(_say(programs, "plugins", "list", "--json"))
    assert {each["distribution"] for each in listed} == {"siptapi"}


_BY_STRATEGY = """
strategies = ["refer-via-sbc"]
[strategies.refer-via-sbc]
host = "{proxy}"
"""
_BY_RESOLVER = """
outbound_proxy = "{proxy}"
callee_resolvers = ["phone-book"]
[resolvers.phone-book]
file = "{folder}/book.csv"
"""
_BY_FOLDER = """
outbound_proxy = "{proxy}"
[frontends.drop-folder]
folder = "{folder}/drop"
every = 0.1
"""


async def _dial(
    programs: Path, folder: Path, settings: str, number: str
) -> list[dict[str, object]]:
    """The events of a call on simulated phones, with a line whose settings end so."""
    async with open_demo() as demo:
        [line] = demo.settings.lines.values()
        config = _write_settings(folder, line, settings)
        (folder / "book.csv").write_text(f"77,sip:{demo.number}@demo.invalid\n", encoding="utf-8")
        dialling = await asyncio.create_subprocess_exec(
            *(str(programs / "siptapi"), "--config", str(config), "dial", "--json"),
            number.format(number=demo.number),
            stdout=subprocess.PIPE,
        )
        try:
            printed, _ = await asyncio.wait_for(dialling.communicate(), 60)
        except TimeoutError:
            dialling.kill()
            raise
    assert dialling.returncode == 0, printed
    return [json.loads(line) for line in printed.splitlines()]


async def _drop(programs: Path, folder: Path) -> list[dict[str, object]]:
    """The calls that a daemon makes for a file with a number in it, put into the folder."""
    drop = folder / "drop"
    drop.mkdir()
    async with open_demo() as demo:
        [line] = demo.settings.lines.values()
        config = _write_settings(folder, line, _BY_FOLDER)
        state = {"XDG_STATE_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        siptapi = (str(programs / "siptapi"), "--config", str(config))
        serving = await asyncio.create_subprocess_exec(
            *siptapi, "serve", stdout=subprocess.DEVNULL, env=os.environ | state
        )
        try:
            (drop / "1.txt").write_text(demo.number, encoding="utf-8")
            async with asyncio.timeout(60):
                while True:
                    asking = await asyncio.create_subprocess_exec(
                        *(*siptapi, "--no-daemon", "history", "--json"),
                        stdout=subprocess.PIPE,
                        env=os.environ | state,
                    )
                    calls = json.loads((await asking.communicate())[0])
                    if calls and calls[0]["ended"]:
                        return list(calls)
        finally:
            serving.terminate()
            await serving.wait()


def _write_settings(folder: Path, demo: LineSettings, rest: str) -> Path:
    assert demo.password is not None
    config = folder / "siptapi.toml"
    config.write_text(
        f"""
        [lines.desk]
        domain = "{demo.domain}"
        user = "{demo.user}"
        password = "{demo.password.reveal()}"
        phone = "{demo.phone}"
        """
        + rest.format(proxy=demo.outbound_proxy, folder=folder),
        encoding="utf-8",
    )
    config.chmod(0o600)
    return config
