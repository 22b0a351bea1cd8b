"""What comes inside the dialog and is not about the call's progress (design 5.10: never 481)."""

from __future__ import annotations

import re

import pytest
from bench import Bench, make_request

from siptapi_core.errors import MessageError
from siptapi_core.machine.dialog import Dialog
from siptapi_core.machine.dialog_service import DialogService
from siptapi_core.machine.user_agent import ALLOW

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 8 0\r\na=sendrecv\r\n"
)
SDP = ("Content-Type", "application/sdp")
NEW_CONTACT = ("Contact", "<sip:201@192.0.2.77>")


class Rig(Bench):
    """A service whose dialog gets every request that comes."""

    contact = "<sip:200@192.0.2.9>"

    def __init__(self):
        super().__init__()
        self.agent.register("call-of-peer", "ours", self)
        self.unacknowledged = []
        self.service = self.make_service("our-call")
        request = make_request(headers=(("Contact", "<sip:201@192.0.2.2>"),))
        self.dialog = Dialog.from_request(request, "ours")

    def make_service(self, call_id):
        return DialogService(self.agent, call_id=call_id, address="192.0.2.9", owner=self)

    def on_unacknowledged(self, dialog, now):
        self.unacknowledged.append((dialog, now))

    def on_request(self, request, transaction, now):
        self.service.on_request(self.dialog, request, transaction, now)

    def ask(self, method, *headers, body=b"", cseq=1):
        self.receive(
            make_request(
                method,
                via=f"SIP/2.0/UDP 192.0.2.1:5060;branch={self.branch()}",
                to="<sip:200@example.com>;tag=ours",
                headers=headers,
                body=body,
                cseq=f"{cseq} {method}",
            )
        )
        return self.responses(method)[-1]

    def acknowledge(self, cseq: int) -> None:
        self.service.on_acknowledged(make_request("ACK", cseq=f"{cseq} ACK"), self.now)


def version(body: bytes) -> int:
    return int(re.search(rb"o=- \d+ (\d+) ", body)[1])


def session_id(body: bytes) -> int:
    return int(re.search(rb"o=- (\d+) ", body)[1])


def test_our_offer_only_receives_and_every_further_one_is_a_new_version():
    rig = Rig()
    first, second = rig.service.offer(), rig.service.offer()
    assert b"a=recvonly" in first
    assert b"c=IN IP4 192.0.2.9" in first
    assert (version(first), version(second)) == (1, 2)
    assert session_id(first) == session_id(second)


def test_another_call_has_another_session():
    rig = Rig()
    other = rig.make_service("another")
    assert session_id(other.offer()) != session_id(rig.service.offer())


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_is_answered_and_moves_the_target(method):
    rig = Rig()
    rig.service.offer()
    response = rig.ask(method, NEW_CONTACT, SDP, body=OFFER)
    assert response.status == 200
    assert response.headers.get("Contact") == "<sip:200@192.0.2.9>"
    assert response.headers.get("Allow") == ALLOW[1]
    assert response.content_type == "application/sdp"
    assert b"m=audio 9 RTP/AVP 8\r\n" in response.body
    assert b"a=recvonly" in response.body
    assert version(response.body) == 2
    assert str(rig.dialog.remote_target) == "sip:201@192.0.2.77"


def test_a_reinvite_without_an_offer_gets_ours():
    rig = Rig()
    response = rig.ask("INVITE")
    assert response.status == 200
    assert response.content_type == "application/sdp"
    assert b"m=audio 9 RTP/AVP 0 8 101" in response.body
    assert version(response.body) == 1
    assert str(rig.dialog.remote_target) == "sip:201@192.0.2.2"


def test_an_update_without_an_offer_gets_none():
    rig = Rig()
    response = rig.ask("UPDATE", NEW_CONTACT)
    assert (response.status, response.body, response.content_type) == (200, b"", None)
    assert str(rig.dialog.remote_target) == "sip:201@192.0.2.77"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_what_is_required_and_unknown_is_refused_and_changes_nothing(method):
    rig = Rig()
    response = rig.ask(method, ("Require", "100rel, timer"), NEW_CONTACT, SDP, body=OFFER)
    assert response.status == 420
    assert response.headers.get("Unsupported") == "100rel, timer"
    assert str(rig.dialog.remote_target) == "sip:201@192.0.2.2"


@pytest.mark.parametrize("method", ["OPTIONS", "INFO"])
@pytest.mark.parametrize("headers", [(), (("Require", "foo"),)])
def test_options_and_info_are_fine(method, headers):
    rig = Rig()
    response = rig.ask(method, *headers, body=b"Signal=5")
    assert response.status == 200
    assert response.headers.get("Allow") == ALLOW[1]
    assert response.body == b""


@pytest.mark.parametrize(
    ("method", "status"),
    [("REFER", 405), ("MESSAGE", 405), ("SUBSCRIBE", 405), ("PRACK", 405), ("FOO", 501)],
)
def test_what_we_do_not_do(method, status):
    assert Rig().ask(method).status == status


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_that_cannot_be_read_is_an_error_with_a_status(method):
    rig = Rig()
    assert rig.ask(method, SDP, NEW_CONTACT, body=b"hello").status == 400
    assert str(rig.dialog.remote_target) == "sip:201@192.0.2.2"
    request = make_request(method, headers=(SDP,), body=b"hello")
    with pytest.raises(MessageError):
        rig.service.on_request(rig.dialog, request, None, 0.0)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_another_body_than_sdp_is_refused_with_what_we_take(method):
    rig = Rig()
    response = rig.ask(method, ("Content-Type", "multipart/mixed"), NEW_CONTACT, body=OFFER)
    assert response.status == 415
    assert ("Accept", "application/sdp") in response.headers.items()
    assert str(rig.dialog.remote_target) == "sip:201@192.0.2.2"


@pytest.mark.parametrize("headers", [(), (("c", "Application/SDP; charset=utf-8"),)])
def test_sdp_need_not_be_named_or_spelled_so(headers):
    assert Rig().ask("INVITE", *headers, body=OFFER).status == 200


def test_a_type_without_a_body_does_not_matter():
    assert Rig().ask("INVITE", ("Content-Type", "text/plain")).status == 200


def test_the_200_is_resent_until_its_ack():
    rig = Rig()
    rig.ask("INVITE", cseq=7)
    rig.pass_until(1.6)
    assert rig.statuses("INVITE") == [200, 200, 200]
    rig.acknowledge(8)  # of another
    rig.pass_until(3.6)
    assert len(rig.statuses("INVITE")) == 4
    rig.acknowledge(7)
    rig.acknowledge(7)
    rig.run_out()
    assert len(rig.statuses("INVITE")) == 4
    assert rig.unacknowledged == []


def test_a_200_that_is_never_acknowledged_is_told_once():
    rig = Rig()
    rig.pass_until(1.0)
    rig.ask("INVITE", cseq=7)
    rig.run_out()
    assert rig.unacknowledged == [(rig.dialog, 33.0)]
    rig.acknowledge(7)  # much too late
    assert len(rig.unacknowledged) == 1


@pytest.mark.parametrize(
    ("method", "body"), [("INVITE", b""), ("INVITE", OFFER), ("UPDATE", OFFER)]
)
def test_an_offer_that_crosses_our_re_invite_is_refused(method, body):
    rig = Rig()
    rig.service.awaits_answer = True
    headers = [SDP] if body else []
    assert rig.ask(method, NEW_CONTACT, *headers, body=body).status == 491
    assert str(rig.dialog.remote_target) == "sip:201@192.0.2.2"
    rig.service.awaits_answer = False
    assert rig.ask(method, NEW_CONTACT, *headers, body=body, cseq=2).status == 200


def test_an_update_without_an_offer_crosses_our_re_invite_unharmed():
    rig = Rig()
    rig.service.awaits_answer = True
    assert rig.ask("UPDATE", NEW_CONTACT).status == 200
    assert rig.ask("OPTIONS", body=b"x", cseq=2).status == 200


def test_only_an_invite_s_answer_waits_for_an_ack():
    rig = Rig()
    rig.ask("UPDATE", SDP, body=OFFER, cseq=7)
    rig.run_out()
    assert rig.statuses("UPDATE") == [200]
    assert rig.unacknowledged == []


def test_each_answer_is_a_new_version_of_one_session():
    rig = Rig()
    bodies = [rig.service.offer()]
    bodies += [rig.ask("UPDATE", SDP, body=OFFER, cseq=n).body for n in (1, 2)]
    bodies.append(rig.ask("INVITE", cseq=3).body)
    assert [version(body) for body in bodies] == [1, 2, 3, 4]
    assert len({session_id(body) for body in bodies}) == 1
