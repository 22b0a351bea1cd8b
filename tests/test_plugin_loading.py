from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from siptapi_core import PluginRecord, PluginState, UnknownNameError, UsageError
from siptapi_core.plugin_loading import PluginCatalog, installed, load_plugins, sources

Install = Callable[..., None]

STRATEGY = """
    from siptapi_core import Offer, hookimpl

    @hookimpl
    def siptapi_strategies():
        return [Offer(name={0!r}, summary="s", create=lambda *_: {0!r})]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install plugins into a folder that is all there is to be found."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(
        sources,
        "installed_entry_points",
        lambda group: installed.installed_entry_points(group, [str(site)]),
    )
    modules = set(sys.modules)

    def install_(
        name: str, source: str, *, distribution: str | None = None, value: str | None = None
    ) -> None:
        module = f"module_{distribution or name}_{name}".replace("-", "_")
        (site / f"{module}.py").write_text(dedent(source), encoding="utf-8")
        folder = site / f"{(distribution or name).replace('-', '_')}-1.2.dist-info"
        folder.mkdir(exist_ok=True)
        with (folder / "entry_points.txt").open("a", encoding="utf-8") as file:
            file.write(f"[siptapi]\n{name} = {value or module}\n")

    yield install_
    for module in set(sys.modules) - modules:
        del sys.modules[module]


def record(catalog: PluginCatalog, name: str) -> PluginRecord:
    (found,) = [each for each in catalog.records if each.name == name]
    return found


def test_a_plugin_is_found_and_its_offers_have_names(install: Install) -> None:
    install("sbc", STRATEGY.format("refer-via-sbc"))
    catalog = load_plugins()
    assert catalog.records == (
        PluginRecord(
            name="sbc",
            distribution="sbc",
            version="1.2",
            state=PluginState.LOADED,
            offers=("strategy refer-via-sbc",),
        ),
    )
    assert list(catalog.strategies) == ["refer-via-sbc"]
    assert catalog.strategies["refer-via-sbc"].summary == "s"


def test_all_kinds_of_offers_are_collected(install: Install) -> None:
    install(
        "all",
        """
        from siptapi_core import Check, CliCommand, Offer, hookimpl

        def offer(name):
            return Offer(name=name, summary="s", create=lambda *_: None)

        @hookimpl
        def siptapi_strategies():
            yield offer("a-strategy")

        @hookimpl
        def siptapi_resolvers():
            return (offer("a-resolver"), offer("another"))

        @hookimpl
        def siptapi_frontends():
            return [offer("a-frontend")]

        @hookimpl
        def siptapi_observers():
            return [offer("an-observer")]

        @hookimpl
        def siptapi_commands():
            return [CliCommand(name="a-command", summary="s", configure=print, run=print)]

        @hookimpl
        def siptapi_checks():
            return [Check(name="a-check", summary="s", run=print)]
        """,
    )
    catalog = load_plugins()
    assert record(catalog, "all").offers == (
        "strategy a-strategy",
        "resolver a-resolver",
        "resolver another",
        "frontend a-frontend",
        "observer an-observer",
        "command a-command",
        "check a-check",
    )
    assert list(catalog.strategies) == ["a-strategy"]
    assert list(catalog.resolvers) == ["a-resolver", "another"]
    assert list(catalog.frontends) == ["a-frontend"]
    assert list(catalog.observers) == ["an-observer"]
    assert list(catalog.commands) == ["a-command"]
    assert list(catalog.checks) == ["a-check"]


def test_a_plugin_can_be_an_object_in_a_module(install: Install) -> None:
    install(
        "object",
        """
        from siptapi_core import hookimpl

        class Inner:
            class plugin:
                @staticmethod
                @hookimpl
                def siptapi_strategies():
                    return []
        """,
        value="module_object_object:Inner.plugin",
    )
    assert record(load_plugins(), "object").state is PluginState.LOADED


def test_nothing_is_created_by_loading(install: Install) -> None:
    install("eager", STRATEGY.format("eager").replace("lambda *_: 'eager'", "exit"))
    assert record(load_plugins(), "eager").state is PluginState.LOADED


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            "import nowhere_to_be_found",
            "Error: No module named 'nowhere_to_be_found' (module_bad_bad.py, line 1)",
        ),
        ("raise SystemExit(3)", "SystemExit: 3 (module_bad_bad.py, line 1)"),
        ("def broken(:", "SyntaxError: "),
        ("raise ValueError('two\\nlines')", "ValueError: two lines (module_bad_bad.py, line 1)"),
        ("class Odd(BaseException): pass\nraise Odd", "Odd (module_bad_bad.py, line 2)"),
        ("", "it implements no hook; is @hookimpl missing?"),
        (
            """
            from siptapi_core import hookimpl
            @hookimpl
            def siptapi_strategys(): return []
            """,
            "unknown hook 'siptapi_strategys'",
        ),
        (
            """
            from siptapi_core import hookimpl
            @hookimpl
            def siptapi_strategies(config): return []
            """,
            "Argument(s) {'config'} are declared in the hookimpl but can not be found",
        ),
        (
            """
            from siptapi_core import hookimpl
            @hookimpl
            def siptapi_strategies(): raise OSError("no such thing")
            """,
            "siptapi_strategies raised OSError: no such thing (module_bad_bad.py, line 4)",
        ),
        (
            """
            from siptapi_core import hookimpl
            @hookimpl
            def siptapi_resolvers(): exit(1)
            """,
            "siptapi_resolvers raised SystemExit: 1",
        ),
        (
            """
            from siptapi_core import hookimpl
            @hookimpl
            def siptapi_resolvers():
                yield from ()
                raise OSError("too late")
            """,
            "siptapi_resolvers raised OSError: too late",
        ),
        (
            """
            from siptapi_core import hookimpl
            @hookimpl
            async def siptapi_strategies(): return []
            """,
            "siptapi_strategies is async; a hook is a plain function",
        ),
        (
            """
            from siptapi_core import hookimpl
            @hookimpl
            def siptapi_strategies(): pass
            """,
            "siptapi_strategies returned None where offers were expected",
        ),
        (
            """
            from siptapi_core import hookimpl
            @hookimpl
            def siptapi_strategies(): return 7
            """,
            "siptapi_strategies raised TypeError: 'int' object is not iterable",
        ),
        (
            """
            from siptapi_core import hookimpl
            @hookimpl
            def siptapi_commands(): return ["dial"]
            """,
            "siptapi_commands returned str where CliCommand was expected",
        ),
        (
            STRATEGY.format("twice").replace("return [", "return 2 * ["),
            "siptapi_strategies offers 'twice' twice",
        ),
        (
            STRATEGY.format("No Name"),
            "lower-case letters, digits and hyphens (module_bad_bad.py, line 6)",
        ),
        (
            STRATEGY.format("bad").replace('summary="s"', 'summary="s", settings=dict'),
            "siptapi_strategies raised TypeError: the settings of 'bad' are no attrs class",
        ),
    ],
)
def test_a_broken_plugin_is_reported_and_takes_nobody_along(
    install: Install, source: str, why: str
) -> None:
    install("bad", source)
    install("good", STRATEGY.format("good"))
    catalog = load_plugins()
    bad = record(catalog, "bad")
    assert (bad.state, bad.offers) == (PluginState.FAILED, ())
    assert why in bad.why
    assert "\n" not in bad.why
    assert list(catalog.strategies) == ["good"]


def test_a_misspelled_hook_lists_the_hooks(install: Install) -> None:
    install("bad", STRATEGY.format("x").replace("siptapi_strategies", "siptapi_strategie"))
    assert (
        "the hooks are siptapi_strategies, siptapi_resolvers" in record(load_plugins(), "bad").why
    )


def test_a_broken_hook_takes_the_offers_of_the_others_back(install: Install) -> None:
    install("bad", STRATEGY.format("x") + "\n    @hookimpl\n    def siptapi_commands(): 1 / 0\n")
    catalog = load_plugins()
    assert record(catalog, "bad").why.startswith("siptapi_commands raised ZeroDivisionError")
    assert not catalog.strategies


@pytest.mark.parametrize("place", ["", "    @hookimpl\n    def siptapi_commands(): "])
def test_an_interrupt_is_no_failure_of_a_plugin(install: Install, place: str) -> None:
    install("slow", STRATEGY.format("x") + f"\n{place or '    '}raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_plugins()


def test_a_strategy_name_that_is_taken_is_reported_by_both_names(install: Install) -> None:
    install("zebra", STRATEGY.format("same"), distribution="siptapi-a")
    install("ant", STRATEGY.format("same"), distribution="siptapi-b")
    catalog = load_plugins()
    assert record(catalog, "zebra").state is PluginState.LOADED
    assert record(catalog, "ant").why == (
        "the strategy name 'same' is taken by plugin 'zebra' (siptapi-a)"
    )
    assert list(catalog.strategies) == ["same"]


def test_our_own_plugins_win_every_name(install: Install) -> None:
    install("zebra", STRATEGY.format("same"), distribution="siptapi")
    install("ant", STRATEGY.format("same"), distribution="aardvark")
    catalog = load_plugins()
    assert [each.name for each in catalog.records] == ["zebra", "ant"]
    assert record(catalog, "ant").state is PluginState.FAILED


def test_a_plugin_name_that_is_taken_is_not_even_imported(install: Install) -> None:
    install("sbc", STRATEGY.format("one"), distribution="a")
    install("sbc", "raise AssertionError", distribution="b")
    first, second = load_plugins().records
    assert first.state is PluginState.LOADED
    assert second.why == "the plugin name 'sbc' is taken by plugin 'sbc' (a)"


def test_a_failed_plugin_leaves_its_names_to_others(install: Install) -> None:
    install("sbc", "raise AssertionError", distribution="a")
    install("sbc", STRATEGY.format("one"), distribution="b")
    first, second = load_plugins().records
    assert (first.state, second.state) == (PluginState.FAILED, PluginState.LOADED)


def test_a_blocked_plugin_is_not_even_imported(install: Install) -> None:
    install("sbc", "raise AssertionError")
    catalog = load_plugins(blocked=["sbc"])
    assert record(catalog, "sbc").state is PluginState.BLOCKED
    assert record(catalog, "sbc").why == "the settings block it"
    with pytest.raises(UnknownNameError, match=r"; not loaded: sbc \(the settings block it\)$"):
        catalog.strategies["refer-via-sbc"]


def test_without_third_parties_only_ours_and_named_files_are_loaded(
    install: Install, tmp_path: Path
) -> None:
    install("own", STRATEGY.format("own"), distribution="siptapi")
    install("other", STRATEGY.format("other"))
    file = tmp_path / "mine.py"
    file.write_text(dedent(STRATEGY.format("mine")))
    catalog = load_plugins(third_party=False, files=[file])
    assert list(catalog.strategies) == ["own", "mine"]
    assert record(catalog, "other").state is PluginState.BLOCKED
    assert record(catalog, "other").why == "third-party plugins are switched off"


def test_a_file_is_a_plugin_and_comes_before_what_is_installed(
    install: Install, tmp_path: Path
) -> None:
    file = tmp_path / "sbc.py"
    file.write_text(
        dedent(STRATEGY.format("new")) + "import sys; assert sys.modules[__name__]; __file__\n"
    )
    install("sbc", STRATEGY.format("old"))
    first, second = load_plugins(files=[file]).records
    assert (first.name, first.distribution, first.version) == ("sbc", str(file), "")
    assert first.offers == ("strategy new",)
    assert second.state is PluginState.FAILED


def test_files_come_in_the_order_in_which_they_were_named(install: Install, tmp_path: Path) -> None:
    files = [tmp_path / "b.py", tmp_path / "a.py"]
    for file in files:
        file.write_text(dedent(STRATEGY.format("same")))
    first, second = load_plugins(files=files).records
    assert (first.name, first.state) == ("b", PluginState.LOADED)
    assert second.why == f"the strategy name 'same' is taken by plugin 'b' ({files[0]})"


def test_a_file_sees_none_of_our_future_imports(install: Install, tmp_path: Path) -> None:
    file = tmp_path / "sbc.py"
    file.write_text(
        dedent(STRATEGY.format("x")) + "def f(x: int): ...\nassert f.__annotations__['x'] is int\n"
    )
    assert record(load_plugins(files=[file]), "sbc").why == ""


def test_a_file_that_fails_at_import_is_reported(install: Install, tmp_path: Path) -> None:
    file = tmp_path / "sbc.py"
    file.write_text("1 / 0")
    assert record(load_plugins(files=[file]), "sbc").why == (
        "ZeroDivisionError: division by zero (sbc.py, line 1)"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"strategies = [", "is no Python: '[' was never closed"),
        (b"\x00", "is no Python: source code"),
        (b"\xff\xfe", "is no Python: "),
    ],
)
def test_a_file_that_is_no_python_is_the_users_mistake(
    install: Install, tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "sbc.py"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_plugins(files=[file])
    assert str(caught.value).startswith(f"the plugin {file} {words}")


def test_an_unknown_name_lists_what_there_is_and_what_is_missing(install: Install) -> None:
    install("good", STRATEGY.format("refer-via-sbc"))
    install("bad", "raise ValueError")
    install("blocked", "")
    with pytest.raises(UnknownNameError) as caught:
        load_plugins(blocked=["blocked"]).strategies["refer-via-abc"]
    assert (caught.value.kind, caught.value.name) == ("strategy", "refer-via-abc")
    assert caught.value.known == ("refer-via-sbc",)
    assert caught.value.failed == ("bad", "blocked (the settings block it)")


def test_all_that_siptapi_brings_along_loads() -> None:
    own = [each for each in load_plugins().records if each.distribution == "siptapi"]
    assert [each.why for each in own if each.state is not PluginState.LOADED] == []
    offers = {offer for each in own for offer in each.offers}
    assert {"strategy refer-via-proxy", "strategy refer-to-phone", "resolver a"} <= offers


def test_plugins_for_the_daemon_are_left_alone_elsewhere(install: Install, tmp_path: Path) -> None:
    offers = """
        from siptapi_core import Offer, hookimpl

        @hookimpl
        def siptapi_observers():
            yield Offer(name="nosy", summary="s", create=print)
        """
    install("nosy", offers)
    (folder,) = (tmp_path / "site").glob("*.dist-info")
    entry_points = folder / "entry_points.txt"
    entry_points.write_text(entry_points.read_text().replace("[siptapi]", "[siptapi.daemon]"))
    assert list(load_plugins().observers) == ["nosy"]
    assert load_plugins(daemon=False).records == ()
