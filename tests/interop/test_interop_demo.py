"""The demo's proxy and simulated phones, called by and calling baresip and sipp."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from lab.baresip import Baresip
from lab.laboratory import Lab

from siptapi_core.demo import Demo, open_demo

pytestmark = pytest.mark.interop


def test_baresip_as_the_users_phone(lab: Lab) -> None:
    def scene(demo: Demo) -> None:
        phone = _baresip(lab, demo, "201")
        assert _dial(lab, demo, demo.number) == ("answered", "callee", 0)
        assert phone.calls == 1

    assert _play(scene) == ["invited", "ringing", "answered"]


def test_baresip_as_the_callee(lab: Lab) -> None:
    def scene(demo: Demo) -> None:
        callee = _baresip(lab, demo, "301")
        assert _dial(lab, demo, "301") == ("answered", "callee", 0)
        assert callee.incoming() == ["sip:201@demo.invalid"]
        assert "referred" in demo.phone.seen

    assert _play(scene) == []


def test_sipp_as_the_callee(lab: Lab) -> None:
    callee = lab.sipp("callee")

    def scene(demo: Demo) -> None:
        assert _dial(lab, demo, f"sip:{callee.address}") == ("answered", "callee", 0)
        callee.assert_followed()

    assert _play(scene) == []


def test_sipp_as_a_caller_of_the_simulated_phone(lab: Lab) -> None:
    def scene(demo: Demo) -> None:
        caller = lab.sipp(
            "caller",
            proxy=_proxy(demo),
            callee="301@demo.invalid",
            user="200",
            password=_password(demo),
        )
        caller.assert_followed()

    assert _play(scene) == ["invited", "ringing", "answered", "other side hung up"]


def _play(scene: Callable[[Demo], None]) -> list[str]:
    """Run the demo's proxy and phones while ``scene`` plays; what the simulated callee saw."""

    async def run() -> list[str]:
        async with open_demo() as demo:
            await asyncio.to_thread(scene, demo)
            return demo.callee.seen

    return asyncio.run(run())


def _baresip(lab: Lab, demo: Demo, user: str) -> Baresip:
    """A baresip that takes the place of a simulated phone, by REGISTER with the demo's account."""
    return lab.baresip(
        user,
        domain="demo.invalid",
        auth_user="200",
        password=_password(demo),
        proxy=f"sip:{_proxy(demo)}",
    )


def _dial(lab: Lab, demo: Demo, number: str) -> tuple[str, str, int]:
    call = lab.dial(
        number,
        domain="demo.invalid",
        user="200",
        phone="201",
        password=_password(demo),
        outbound_proxy=_proxy(demo),
    )
    return call.finish().ending


def _password(demo: Demo) -> str:
    password = demo.settings.lines["demo"].password
    assert password
    return password.reveal()


def _proxy(demo: Demo) -> str:
    proxy = demo.settings.lines["demo"].outbound_proxy
    assert proxy
    return proxy
