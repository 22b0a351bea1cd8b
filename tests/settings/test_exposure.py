"""Who can read a file with a secret in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from siptapi_core.settings.exposure import grants_anybody, readable_by_others


def test_a_file_that_is_not_there() -> None:
    assert not readable_by_others(Path("no-such-file"))
    assert not readable_by_others(Path("a\0b"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_mode_bits(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    file.chmod(0o604)
    assert readable_by_others(file)
    file.chmod(0o660)
    assert not readable_by_others(file)


@pytest.mark.parametrize(
    ("sddl", "exposed"),
    [
        # a file in a user's profile: system, administrators, the user
        ("D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;S-1-5-21-1-2-3-1001)", False),
        # one in ProgramData: users may read
        ("D:AI(A;ID;FA;;;SY)(A;ID;0x1200a9;;;BU)", True),
        ("D:(A;;FR;;;WD)", True),
        ("D:(A;OICI;GA;;;AU)", True),
        ("D:(XA;;CCDC;;;IU;(WIN://x))", True),
        ("D:(A;;FR;;;SY)(A;;GR;;;AN)", True),
        # everyone may see the attributes, or only new files in a folder get the right
        ("D:(A;;0x100080;;;WD)", False),
        ("D:(A;;WDWO;;;WD)", False),
        ("D:(A;OICIIO;FA;;;WD)", False),
        ("D:(D;;FA;;;WD)", False),
        ("D:(A;;FW;;;WD)", False),
        ("D:NO_ACCESS_CONTROL", True),
        ("D:", False),
        ("", False),
    ],
)
def test_access_control_lists(sddl: str, *, exposed: bool) -> None:
    assert grants_anybody(sddl) is exposed
