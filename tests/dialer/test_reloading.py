from __future__ import annotations

import pytest

from siptapi_core.commands import Reloaded
from siptapi_core.dialer.reloading import difference, read_again, read_at_start
from siptapi_core.settings import load, parse

BEFORE = """
[lines.a]
domain = "pbx.example"
user = "201"
[lines.b]
domain = "pbx.example"
user = "202"
callee_resolvers = ["enum"]
[resolvers.enum]
suffixes = ["e164.arpa"]
"""


def changes(after, before=BEFORE):
    old = parse(before)
    return difference(old, parse(after), read_at_start(old))


def test_the_same_settings_change_nothing():
    assert changes(BEFORE) == Reloaded()
    assert changes(BEFORE).summary == "no line is another now"


def test_lines_come_go_and_change():
    after = BEFORE.replace('user = "201"', 'user = "211"').replace("[lines.b]", "[lines.c]")
    found = changes(after)
    assert found == Reloaded(added=("c",), changed=("a",), removed=("b",))
    assert found.summary == "lines: 1 added, 1 changed, 1 removed"


def test_what_all_lines_share_changes_them_all():
    assert changes(BEFORE + "[defaults]\nring_timeout = 5\n").changed == ("a", "b")
    assert changes(BEFORE + "[numbers]\nregion = 'AT'\n").changed == ("a", "b")


def test_a_line_changes_with_what_it_names():
    assert changes(BEFORE.replace("e164.arpa", "e164.example")).changed == ("b",)
    assert changes(BEFORE + "[strategies.refer-via-proxy]\n").changed == ()  # nothing is in it
    assert changes(BEFORE + "[resolvers.other]\nx = 1\n").changed == ()


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('log_level = "debug"', "log_level"),
        ('local_ports = "5070"', "local_ports"),
        ('local_addresses = ["127.0.0.1"]', "local_addresses"),
        ("[dns]\nquery_timeout = 1", "[dns]"),
        ('[plugins]\nblocked = ["x"]', "[plugins]"),
        ('[control]\nlisten = "127.0.0.1:5039"', "[control]"),
        ("[history]\nenabled = false", "[history]"),
        ("[frontends.web]", "[frontends]"),
        ("[observers.hook]", "[observers]"),
    ],
)
def test_what_is_read_at_start_only_is_said(more, key):
    found = changes(more + BEFORE)
    assert found.changed == ()
    assert found.warnings == (f"{key} is read at start only: restart for its new value",)


def test_open_connections_keep_their_tls_settings():
    found = changes(BEFORE.replace("[lines.b]", "tls_verify = false\n[lines.b]"))
    assert found.changed == ("a",)
    assert found.warnings == (
        "tls_verify is for new connections; those that are open stay: restart to end them",
    )


def test_what_is_again_as_it_was_at_the_start_needs_no_restart():
    old, new = parse("[frontends.web]" + BEFORE), parse(BEFORE)
    assert difference(old, new, read_at_start(new)).warnings == ()
    assert difference(old, old, read_at_start(new)).warnings  # still not in force


def test_a_line_that_did_not_change_is_the_same_object(tmp_path):
    file = tmp_path / "siptapi.toml"
    file.write_text(BEFORE, "utf-8")
    before = load(file)
    file.write_text(
        BEFORE.replace('user = "202"', 'user = "212"') + '[lines.c]\nuser = "203"\n'
        'domain = "pbx.example"\n',
        "utf-8",
    )
    after, changes = read_again(before, read_at_start(before))
    assert (changes.added, changes.changed, changes.removed) == (("c",), ("b",), ())
    assert list(after.lines) == ["a", "b", "c"]
    assert after.lines["a"] is before.lines["a"]
    assert after.lines["b"].user == "212"
    assert after.where == str(file)
