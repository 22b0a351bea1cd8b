from __future__ import annotations

import pytest

from siptapi_core.contracts import Offer
from siptapi_core.dialer.line_factory import LineFactory
from siptapi_core.errors import PluginError, SettingsError
from siptapi_core.plugin_loading import Offers, PluginCatalog
from siptapi_core.settings import parse

SETTINGS = """
[defaults]
domain = "pbx.example"
resolvers = ["hosts"]
[lines.a]
user = "201"
[lines.b]
user = "202"
password = { file = "secret" }
"""


def make(text=SETTINGS, **creates):
    """A factory, and the names that it had created, in order."""
    created = []

    def offer(name, create):
        def traced(_settings, context):
            created.append((name, context))
            return create()

        return Offer(name=name, summary="s", create=traced)

    creates = {"hosts": object} | creates
    offers = {name: offer(name, create) for name, create in creates.items()}
    catalog = PluginCatalog(
        strategies=Offers("strategy", offers),
        resolvers=Offers("resolver", offers),
        frontends=Offers("front end", {}),
        observers=Offers("observer", {}),
        commands=Offers("command", {}),
        records=(),
    )
    settings = parse(text, where="siptapi.toml")
    return LineFactory(settings, catalog, Network(), str.upper), created


class Network:
    clock = None


def test_it_has_the_lines_of_the_settings():
    factory, created = make()
    assert list(factory) == ["a", "b"]
    assert len(factory) == 2
    assert created == []
    assert factory["b"].identity("301").address_of_record.user == "202"
    with pytest.raises(KeyError):
        factory["c"]


def test_what_lines_share_is_created_once_and_with_a_context_of_its_name():
    factory, created = make()
    factory.check()
    assert factory["a"].name == "a"
    assert factory["b"].name == "b"
    assert created == [("hosts", "HOSTS")]
    assert factory.resolver("hosts") is factory.resolver("hosts")
    assert factory.strategy("hosts") is not factory.resolver("hosts")


def test_a_line_that_names_what_nobody_offers_is_found_out():
    factory, _ = make(SETTINGS + 'callee_resolvers = ["smoke"]\n')
    with pytest.raises(SettingsError, match=r"lines\.b\.callee_resolvers: no resolver is named"):
        factory.check()


def test_a_plugin_that_breaks_is_named():
    factory, _ = make(hosts=lambda: 1 / 0)
    with pytest.raises(PluginError, match="'hosts' cannot be created: ZeroDivisionError"):
        factory.check()


def test_a_secret_that_somebody_may_have_to_type_is_asked_for_once():
    factory, _ = make()
    assert factory.credentials("b") is factory.credentials("b")
    assert factory.credentials("a") is not factory.credentials("a")  # it costs nothing
