from __future__ import annotations

import pytest

from siptapi_core.errors import SettingsError
from siptapi_core.settings import parse

FILE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("", None),
        ("127.0.0.1:5039", ("127.0.0.1", 5039)),
        ("127.1.2.3:65535", ("127.1.2.3", 65535)),
        ("[::1]:1", ("::1", 1)),
    ],
)
def test_the_daemon_listens_on_this_computer(listen: str, address: tuple[str, int] | None) -> None:
    assert parse(FILE + f'[control]\nlisten = "{listen}"\n').control.address == address


def test_by_default_it_does_not_listen() -> None:
    assert parse(FILE).control.address is None


@pytest.mark.parametrize(
    "listen",
    [
        "0.0.0.0:5039",
        "192.0.2.1:5039",
        "localhost:5039",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "[::]:5039",
        ":5039",
        "5039",
        "127.0.0.1:5039 ",
    ],
)
def test_others_cannot_be_let_in(listen: str) -> None:
    with pytest.raises(SettingsError, match=r"control\.listen: expected an address of this comp"):
        parse(FILE + f'[control]\nlisten = "{listen}"\n')
