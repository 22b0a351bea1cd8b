"""A registry file with settings of SIPTAPI 0.3, and what is made of them."""

from __future__ import annotations

from pathlib import PurePath

from siptapi_core.errors import SettingsError
from siptapi_core.settings import parse
from siptapi_frontends.tapi.importing import as_toml, import_settings
from siptapi_frontends.tapi.reg_reader import keys_of, read_reg


def read(data: bytes) -> None:
    try:
        imported = import_settings(keys_of(read_reg(data, where="old.reg")), where="old.reg")
    except SettingsError as error:
        assert str(error).startswith("old.reg: ")
        return
    settings = parse(as_toml(imported, passwords=PurePath("passwords"), source="old.reg"))
    assert len(settings.lines) == len(imported.lines)
