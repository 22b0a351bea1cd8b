"""``siptapi setup`` with a real proxy and real phones: the account is tried, a call is made."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from lab.kamailio import DOMAIN
from lab.laboratory import PASSWORDS, Lab
from lab.siptapi import user_environment

from siptapi_core.settings import load

pytestmark = pytest.mark.interop

SIPTAPI = str(Path(sys.executable).with_name("siptapi"))


def set_up(folder: Path, *arguments: str, password: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [SIPTAPI, "--config", str(folder / "siptapi.toml"), "setup", "--yes", *arguments],
        env=user_environment(folder) | {"SIP_PASSWORD": password, "XDG_RUNTIME_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_an_account_is_tried_called_with_and_written(lab: Lab, tmp_path: Path) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    account = (
        *("--profile", "kamailio", "--domain", DOMAIN, "--user", "alice"),
        *("--outbound-proxy", proxy.uri, "--password-env", "SIP_PASSWORD", "--call", "2002"),
    )
    folder = tmp_path / "setup"
    wrong = set_up(folder, *account, password="wrong")
    assert wrong.returncode == 2, wrong.stdout
    assert "The registrar refuses user 'alice'" in wrong.stdout
    assert not (folder / "siptapi.toml").exists()
    nobody = set_up(folder, *account[:-1], "2003", password=PASSWORDS["alice"])
    assert nobody.returncode == 3, nobody.stdout
    assert not (folder / "siptapi.toml").exists()
    right = set_up(folder, *account, password=PASSWORDS["alice"])
    assert right.returncode == 0, right.stdout + right.stderr
    assert "The phone allows REFER" in right.stdout
    assert "Answered" in right.stdout
    made = load(folder / "siptapi.toml").lines["office"]
    assert (made.user, made.domain, made.strategies) == ("alice", DOMAIN, ("refer-via-proxy",))
    assert stat.S_IMODE((folder / "siptapi.toml").stat().st_mode) == 0o600
    again = set_up(folder, *account[:-2], "--no-try", password=PASSWORDS["alice"])
    assert again.returncode == 0, again.stderr
    assert list(load(folder / "siptapi.toml").lines) == ["office", "office-2"]
