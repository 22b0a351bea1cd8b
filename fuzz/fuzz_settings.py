"""A settings file."""

from __future__ import annotations

from siptapi_core.errors import SettingsError
from siptapi_core.settings import parse


def read(data: bytes) -> None:
    try:
        parse(data.decode("utf-8", "replace"), where="siptapi.toml")
    except SettingsError as error:
        assert str(error)
        assert error.problems
