"""What docs/plugins.md shows is run: its plugins, its settings, its tests."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from siptapi_core import Context, Number, ResolveContext, SipUri, Strategy, hookspecs
from siptapi_core import testing as testing_package
from siptapi_core.logs import logger
from siptapi_core.plugin_loading import PluginCatalog, create, load_plugins
from siptapi_core.plugin_loading.collecting import HOOKS
from siptapi_core.settings import Settings, parse, structure
from siptapi_core.settings.checking import check_sections
from siptapi_core.testing import StrategyContract
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.testing.fake_dns import FakeDns
from siptapi_core.testing.fake_network import FakeNetwork

DOCUMENT = Path(__file__).parents[1] / "docs" / "plugins.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
SETTINGS = re.findall(r"^```toml\n(\[lines.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
FILES = ("siptapi_sbc.py", "siptapi_directory.py", "test_both.py", "test_dialer.py")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, code in zip(FILES, PYTHON, strict=True):
        (tmp_path / name).write_text(code, encoding="utf-8")
    return tmp_path


@pytest.fixture
def catalog(folder: Path) -> PluginCatalog:
    return load_plugins(files=[folder / name for name in FILES[:2]], third_party=False)


def created(catalog: PluginCatalog, kind: str, name: str, settings: Settings) -> Any:
    offer = getattr(catalog, kind)[name]
    section = settings.section(kind, name)
    own = structure(section, offer.settings, where="siptapi.toml", key=f"{kind}.{name}")
    return create(offer, own, Context(clock=FakeClock(), dns=FakeDns(), logger=logger("test")))


def test_the_settings_go_with_the_plugins(catalog: PluginCatalog) -> None:
    assert len(SETTINGS) == 2
    for text in SETTINGS:
        check_sections(parse(text), catalog)


def test_a_call_goes_through_the_strategy(catalog: PluginCatalog) -> None:
    strategy: Strategy = created(catalog, "strategies", "refer-via-sbc", parse(SETTINGS[0]))
    network = FakeNetwork()

    async def dial() -> list[str]:
        attempt = strategy.start(StrategyContract.request, network)
        return [event.name async for event in attempt.events()]

    assert asyncio.run(dial())[-1] == "call_ended"
    (plan,) = network.plans
    assert str(plan.next_hop) == "sip:sbc.example.com:5060;lr"


def test_the_resolver_resolves(catalog: PluginCatalog) -> None:
    resolver = created(catalog, "resolvers", "directory", parse(SETTINGS[1]))
    step = resolver.resolve(Number("305"), ResolveContext(line="office", seconds_left=1))
    assert asyncio.run(step).targets == (SipUri("example.com", "lab"),)


def test_the_tests_pass(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *FILES[2:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout.decode()


def test_the_strategy_is_as_short_as_promised() -> None:
    assert len([line for line in PYTHON[0].splitlines() if line.strip()]) <= 25


def test_every_hook_and_every_helper_for_tests_is_told_of() -> None:
    assert [hook for hook in HOOKS if f"`{hook}`" not in TEXT] == []
    assert hookspecs.PROJECT in TEXT
    modules = Path(str(testing_package.__file__)).parent.glob("[!_]*.py")
    assert sorted(path.stem for path in modules if not _is_told_of(path.stem)) == []


def _is_told_of(module: str) -> bool:
    main = re.sub(r"(?:^|_)(\w)", lambda found: found[1].upper(), module)
    return main in TEXT or f"`{module}.{module}`" in TEXT
