from __future__ import annotations

from typing import Any

import pytest

from siptapi_core import (
    Context,
    NoSettings,
    Offer,
    PluginError,
    SettingsError,
    UnknownNameError,
)
from siptapi_core.contracts import PluginRecord, PluginState
from siptapi_core.logs import logger
from siptapi_core.plugin_loading import Offers, PluginCatalog, create
from siptapi_core.plugin_loading.blame import blame
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.testing.fake_dns import FakeDns

CONTEXT = Context(clock=FakeClock(), dns=FakeDns(), logger=logger("test"))


def test_offers_are_a_dict_that_explains_what_is_missing() -> None:
    offers = Offers("resolver", {"a": 1, "srv": 2}, failed=["enum"])
    assert offers["srv"] == 2
    assert offers.get("naptr") is None
    with pytest.raises(UnknownNameError) as caught:
        offers["naptr"]
    assert str(caught.value) == ("no resolver is named 'naptr'; there is a, srv; not loaded: enum")


def test_of_thousands_of_names_an_error_lists_a_few_and_knows_them_all() -> None:
    lines = [f"desk-{number}" for number in range(10_000)]
    error = UnknownNameError("line", "desk-9998x", known=lines)
    assert len(str(error)) < 400
    assert str(error).endswith("desk-29 and 9970 more; did you mean desk-9998?")
    assert error.known == tuple(lines)


def test_what_is_created_gets_its_settings_and_context() -> None:
    offer: Offer[NoSettings, object] = Offer(
        name="x", summary="s", create=lambda settings, context: (settings, context)
    )
    settings = NoSettings()
    assert create(offer, settings, CONTEXT) == (settings, CONTEXT)


def test_an_error_of_ours_passes_as_it_is() -> None:
    def broken(_settings: NoSettings, _context: Context) -> object:
        raise SettingsError("too small", key="strategies.x.size")

    offer = Offer(name="x", summary="s", create=broken)
    with pytest.raises(SettingsError, match="too small"):
        create(offer, NoSettings(), CONTEXT)


def test_any_other_error_is_the_plugins() -> None:
    def broken(_settings: NoSettings, _context: Context) -> object:
        raise KeyError("host")

    offer = Offer(name="x", summary="s", create=broken)
    with pytest.raises(PluginError) as caught:
        create(offer, NoSettings(), CONTEXT)
    assert str(caught.value).startswith("'x' cannot be created: KeyError: 'host' (test_plugin_")
    assert isinstance(caught.value.__cause__, KeyError)


def test_blame_without_a_traceback_is_the_words_alone() -> None:
    assert blame(ValueError("one\n\ttwo")) == "ValueError: one two"
    assert blame(ValueError()) == "ValueError"


def test_code_is_a_plugins_by_its_module() -> None:
    def offer_of(module: str) -> Offer[NoSettings, object]:
        create_ = type("Strategy", (), {"__module__": module})
        return Offer(name=module.rpartition(".")[2], summary="s", create=create_)

    def record(name: str, distribution: str, *offers: str) -> PluginRecord:
        return PluginRecord(
            name=name,
            distribution=distribution,
            version="1",
            state=PluginState.LOADED,
            offers=offers,
        )

    modules = ("siptapi_plugins.own", "siptapi_sbc.strategy", "two.a", "two.b")
    offers = {offer.name: offer for offer in map(offer_of, modules)}
    none: Offers[Any] = Offers("", {})
    catalog = PluginCatalog(
        strategies=Offers("strategy", offers),
        resolvers=none,
        frontends=none,
        observers=none,
        commands=none,
        records=(
            record("own", "siptapi", "strategy own"),
            record("sbc", "siptapi-sbc", "strategy strategy", "command sbc"),
            record("a", "two", "strategy a"),
            record("b", "two", "strategy b"),
        ),
    )
    assert catalog.modules() == {
        "siptapi_plugins.own": "own",
        "siptapi_sbc": "sbc",
        "siptapi_sbc.strategy": "sbc",
        "two.a": "a",
        "two.b": "b",
    }
