from __future__ import annotations

import pytest
from bench import make_request

from siptapi_core.errors import MessageError
from siptapi_core.machine.refer_progress import NotOurs, Progress, read_notify
from siptapi_core.sip.sipfrag import SipfragStatus

BUSY = Progress(SipfragStatus(486, "Busy Here"))


def notify(
    body: bytes = b"SIP/2.0 486 Busy Here\r\n",
    *,
    event: str | None = "refer",
    state: str | None = "terminated;reason=noresource",
    content_type: str | None = "message/sipfrag;version=2.0",
):
    headers = {"Event": event, "Subscription-State": state, "Content-Type": content_type}
    given = tuple((name, value) for name, value in headers.items() if value is not None)
    return make_request("NOTIFY", headers=given, body=body)


def read(*cseqs: int, **parts):
    return read_notify(notify(**parts), cseqs or (2,))


@pytest.mark.parametrize("event", ["refer", "refer;id=2", "Refer ; ID=2", 'refer;id="2"'])
def test_a_status_is_read_with_and_without_the_id(event):
    assert read(event=event) == BUSY


@pytest.mark.parametrize("content_type", ["message/sipfrag", "MESSAGE/SIPFRAG ; x=y", None])
def test_the_content_type_may_have_parameters_any_case_or_be_missing(content_type):
    assert read(content_type=content_type) == BUSY


@pytest.mark.parametrize(
    "body", [b"SIP/2.0 486 Busy Here", b"sip/2.0 486 Busy Here\n", b"\r\nSIP/2.0 486 Busy Here\r\n"]
)
def test_the_body_may_end_in_lf_alone_or_be_upper_or_lower_case(body):
    assert read(body=body) == BUSY


@pytest.mark.parametrize("state", ["active;expires=60", "pending", None])
def test_a_status_counts_whatever_the_subscription_s_state(state):
    assert read(state=state) == BUSY
    assert read(state=state, body=b"SIP/2.0 100 Trying") == Progress(SipfragStatus(100, "Trying"))


@pytest.mark.parametrize("body", [b"", b" \r\n"])
@pytest.mark.parametrize("content_type", ["message/sipfrag", "text/plain", None])
def test_the_end_without_a_word(body, content_type):
    for state in ("terminated", "terminated;reason=reason=noresource"):
        assert read(body=body, content_type=content_type, state=state) == Progress(None)


@pytest.mark.parametrize("state", ["active", "pending;expires=10", None])
def test_no_news(state):
    assert read(body=b"", state=state) is None


def test_the_last_refer_counts_where_there_is_an_id():
    assert read(2, 3, event="refer;id=3") == BUSY
    assert read(2, 3, 4, event="refer;id=2") is None
    assert read(2, 3, 4, event="refer;id=3") is None
    assert read(2, 3, event="refer;id=4") == NotOurs(481)


def test_without_an_id_a_word_counts_for_the_last_refer_but_a_silent_end_for_none():
    assert read(2, 3) == BUSY
    assert read(2, 3, body=b"") is None
    assert read(2, 3, body=b"", event="refer;id=3") == Progress(None)


def test_what_was_never_asked_for():
    assert read(event="refer;id=7") == NotOurs(481)
    assert read_notify(notify(), ()) == NotOurs(481)
    assert read_notify(notify(event="refer;id=2"), ()) == NotOurs(481)


@pytest.mark.parametrize("cseqs", [(), (2,)])
@pytest.mark.parametrize("event", [None, "message-summary", "dialog;id=2"])
def test_another_package_is_a_bad_event(event, cseqs):
    assert read_notify(notify(event=event), cseqs) == NotOurs(489)


def test_another_body_is_not_understood():
    words = "^the NOTIFY about a REFER must carry message/sipfrag$"
    with pytest.raises(MessageError, match=words) as caught:
        read(content_type="text/plain")
    assert caught.value.status == 415


@pytest.mark.parametrize(
    "parts", [{"body": b"hello"}, {"event": ";id=2"}, {"state": ";;"}], ids=str
)
def test_what_cannot_be_read_is_a_bad_request(parts):
    with pytest.raises(MessageError) as caught:
        read(**parts)
    assert caught.value.status == 400
