"""Registry files against a registry that is not ours: Wine's, by its regedit and reg."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.programs import require

from siptapi_core.version import VERSION
from siptapi_frontends.cli.application import run
from siptapi_frontends.tapi import places
from siptapi_frontends.tapi.reg_reader import keys_of, read_reg
from siptapi_frontends.tapi.reg_writer import write_reg
from siptapi_frontends.tapi.registry_values import Kind, RegistryValue, number, text

pytestmark = pytest.mark.interop

ODD = r"HKEY_LOCAL_MACHINE\SOFTWARE\Odd [things]"
VALUES = {
    "": text("the default"),
    'quo"ted\\name': text('c:\\a "b"; c'),
    "Jörg": text("Ж €"),
    "empty": text(""),
    "expanded": RegistryValue(Kind.EXPANDED_TEXT, "%SystemRoot%\\x"),
    "number": number(0xFFFFFFFF),
    "texts": RegistryValue(Kind.TEXTS, ("a", "b c", "ö")),
    "octets": RegistryValue(Kind.BINARY, bytes(range(200))),
    "other": RegistryValue(11, bytes(8)),
}


class Wine:
    """A Windows of its own in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._wine = require("/usr/lib/wine/wine64", package="wine64")
        self._output = folder / "output.txt"
        self._environment = os.environ | {
            "WINEPREFIX": str(folder / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=",
        }

    def run(self, *arguments: str) -> str:
        with self._output.open("wb") as output:  # a pipe would stay open in Wine's services
            done = subprocess.run(
                [self._wine, *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                check=False,
                timeout=60,
            )
        said = self._output.read_text("utf-8", "replace")
        assert done.returncode == 0, said
        return said

    def close(self) -> None:
        server = f"{self._wine.removesuffix('64')}server"
        subprocess.run([server, "-k"], env=self._environment, check=False)


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    made = Wine(tmp_path_factory.mktemp("wine"))
    made.run("wineboot", "-i")
    yield made
    made.close()


def values_of(wine: Wine, key: str, tmp_path: Path) -> dict[str, RegistryValue | None]:
    """What that registry holds, as its own program writes it."""
    exported = tmp_path / "exported.reg"
    wine.run("reg", "export", key, windows_path(exported), "/y")
    found = keys_of(read_reg(exported.read_bytes()))[key.lower()]
    return {entry.name: entry.value for entry in found.values()}


def windows_path(path: Path) -> str:
    return f"Z:{path}".replace("/", "\\")


def test_what_is_handed_over_is_what_the_provider_reads(
    wine: Wine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "siptapi.toml"
    settings.write_text(
        '[control]\nlisten = "127.0.0.1:5041"\n[frontends.http]\n'
        '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'
    )
    monkeypatch.setenv("SIPTAPI_CONFIG", str(settings))
    folder = tmp_path / "hand over"
    assert run(["--no-plugins", "tapi", "install", "--into", str(folder)]) == 0
    address, token = (folder / "control.address").read_text().split()
    wine.run("regedit", "/S", windows_path(folder / "siptapi.reg"))
    shown = wine.run("reg", "query", places.KEY, "/v", "Token")
    assert f"Token    REG_SZ    {token}" in shown
    assert values_of(wine, places.KEY, tmp_path) == {
        "Address": text(address),
        "Token": text(token),
        "SettingsPage": text("http://127.0.0.1:5088/"),
        "Version": text(VERSION),
    }
    assert address == "127.0.0.1:5041"


def test_any_value_comes_back_as_it_was_written(wine: Wine, tmp_path: Path) -> None:
    file = tmp_path / "odd.reg"
    file.write_bytes(write_reg({ODD: VALUES}))
    wine.run("regedit", "/S", windows_path(file))
    assert values_of(wine, ODD, tmp_path) == VALUES
