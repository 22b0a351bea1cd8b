"""Line breaks, NUL, quotes and scripts in the fields of the API: refused, or text in one place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from http_lab import run, serving_demo

from siptapi_core.demo import Ending
from siptapi_core.events import Direction, TracedMessage
from siptapi_core.sip.message import parse_message

EVIL = (
    *("\r\nX-Evil: 1", "\nX-Evil: 1", "\rX-Evil: 1", "\r\n\r\nINVITE sip:evil SIP/2.0\r\n\r\n"),
    *("\0", '"', '\\"', "<sip:evil@h>", ">;X-Evil=1", "?X-Evil=1", "\x1b[2J", "\u2028", "\udc80"),
    "<script>alert(1)</script>",
)
FRAMES = ("301{}", "{}301", "tel:301{}", "sip:301{}@demo.invalid", "sip:301@demo.invalid{}")


@pytest.mark.parametrize("frame", FRAMES)
def test_no_field_puts_anything_into_a_message(frame: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving_demo(tmp_path, Ending.PHONE_NO_ANSWER) as lab:
            seen: list[TracedMessage] = []
            lab.daemon.dialer._tracers.append(seen.append)
            async with lab.client(lab.token()) as client:
                for evil in ("", *EVIL):
                    number = frame.format(evil)
                    body = _json(number=number, confirmed=True)
                    answer = await client.post("/api/v1/calls", **body)
                    assert answer.status_code in (201, 400, 403, 409, 422), (number, answer.text)
                    if answer.status_code == 201:
                        path = f"/api/v1/calls/{answer.json()['call']}"
                        await client.post(f"{path}/transfer", **_json(to=number))
                        await client.post(f"{path}/hangup")
                    for fields in (
                        {"number": "1", "line": f"demo{evil}x"},
                        {f"number{evil}x": "1"},
                    ):
                        answer = await client.post("/api/v1/calls", **_json(**fields))
                        assert 400 <= answer.status_code < 500, answer.text
            sent = [message.text for message in seen if message.direction is Direction.SENT]
            assert any(text.startswith("INVITE ") for text in sent)
            for text in sent:
                assert "\0" not in text
                assert not re.search(r"(?m)^\s*(X-Evil|INVITE sip:evil)", text)
                parse_message(text.encode()).validate()

    run(main())


def _json(**fields: object) -> dict[str, object]:
    """A body in which half a character (a lone surrogate) arrives as it is."""
    return {"content": json.dumps(fields), "headers": {"Content-Type": "application/json"}}
