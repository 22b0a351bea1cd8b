from __future__ import annotations

import os
from pathlib import Path

from siptapi_core.dialer.contexts import plugin_contexts
from siptapi_core.settings import Settings
from siptapi_core.testing.counting_identifiers import CountingIdentifiers
from siptapi_core.testing.fake_clock import FakeClock


def test_plugins_share_clock_and_dns_but_no_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("siptapi_core.dialer.contexts.state_folder", lambda: str(tmp_path / "new"))
    clock = FakeClock()
    contexts = plugin_contexts(Settings(lines={}), clock, CountingIdentifiers())
    one, other = contexts("one"), contexts("other")
    assert one.clock is other.clock is clock
    assert one.dns is other.dns
    assert list(tmp_path.iterdir()) == []  # nobody needs a folder yet
    assert one.state_folder() == one.state_folder() == tmp_path / "new" / "one"
    assert other.state_folder() == tmp_path / "new" / "other"
    if os.name == "posix":
        assert one.state_folder().stat().st_mode & 0o777 == 0o700
