"""Which settings file is meant."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from siptapi_core.errors import NoSettingsError

FILE_NAME = "siptapi.toml"
VARIABLE = "SIPTAPI_CONFIG"


def find_config(explicit: Path | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the settings file: ``explicit``, ``$SIPTAPI_CONFIG``, the user's or the system's.

    One that is named is taken, whether it is there or not; of the others, the first that is. The
    current folder is never looked into by itself.

    Raises:
        NoSettingsError: none is named or there; the words say where it was looked for.
    """
    if explicit is not None:
        return explicit
    if environment.get(VARIABLE):
        return Path(environment[VARIABLE])
    places = [system_config()]
    with suppress(NoSettingsError):
        places.insert(0, user_config())
    for place in places:
        if os.path.isfile(place):  # noqa: PTH113  # Path's raises where a folder is forbidden
            return place
    looked = " and ".join(map(str, places))
    raise NoSettingsError(
        f"there are no settings: looked for {looked}; `siptapi setup` asks for your account and "
        "writes them, `siptapi config init` writes a file to fill in"
    )


def user_config() -> Path:
    """The settings file in the user's config folder, whether it is there or not.

    Raises:
        NoSettingsError: the user has no home, as the user of a service may.
    """
    from platformdirs import user_config_path  # noqa: PLC0415  # 10 ms

    try:
        return user_config_path("siptapi", appauthor=False) / FILE_NAME
    except RuntimeError:
        raise NoSettingsError(
            f"this user has no home folder: name the settings with --config or {VARIABLE}"
        ) from None


def system_config() -> Path:
    """The settings file in the system's config folder, whether it is there or not."""
    from platformdirs import site_config_path  # noqa: PLC0415  # as above

    return site_config_path("siptapi", appauthor=False) / FILE_NAME
