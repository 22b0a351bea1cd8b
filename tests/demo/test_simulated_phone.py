"""A simulated phone, by hand and by REFER, as whoever calls it sees it."""

from __future__ import annotations

import pytest

from siptapi_core.demo.phone import Behaviour, PhoneAccount, SimulatedPhone
from siptapi_core.demo.phone_calls import CallPhase
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.message import Headers, Request, Response, parse_message
from siptapi_core.sip.sdp import recvonly_offer
from siptapi_core.sip.sipfrag import parse_sipfrag
from siptapi_core.sip.uri import SipUri, parse_uri
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

PROXY, CALLER, PHONE = (Address(f"192.0.2.{n}", 5060) for n in (1, 9, 2))
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="pbx", nonce="n", qop="auth"')
SDP = ("Content-Type", "application/sdp")


class Rig:
    """A phone, and the other end of its calls, played line by line."""

    def __init__(self, **behaviour):
        self.now = 0.0
        self.phone = SimulatedPhone(
            PhoneAccount(
                user="201",
                domain="example.com",
                proxy=PROXY,
                credentials=Credentials("201", "s3cret"),
            ),
            PHONE,
            identifiers=CountingIdentifiers(),
            behaviour=Behaviour(**{"answer_after": None} | behaviour),
        )
        self.sent = []
        self._branches = 0

    def collect(self):
        self.sent += [(parse_message(data), to) for data, to in self.phone.datagrams()]

    def receive(self, message, source=CALLER):
        self.phone.receive(message.encode(), source, self.now)
        self.collect()

    def do(self, what, *arguments):
        getattr(self.phone, what)(self.now, *arguments)
        self.collect()

    def pass_until(self, moment):
        while (deadline := self.phone.next_timer()) is not None and deadline <= moment:
            self.now = max(deadline, self.now)
            self.phone.handle_timer(self.now)
            self.collect()
        self.now = moment

    def request(self, method, cseq, *headers, body=b"", in_dialog=True):
        tag = f";tag={self.tag}" if in_dialog else ""
        self._branches += 1
        pairs = [
            ("Via", f"SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK-{self._branches}"),
            ("Max-Forwards", "70"),
            ("From", "<sip:200@example.com>;tag=mine"),
            ("To", f"<sip:201@example.com>{tag}"),
            ("Call-ID", "call"),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", "<sip:200@192.0.2.9:5060>"),
            *headers,
        ]
        request = Request(method, parse_uri("sip:201@192.0.2.2:5060"), Headers(pairs), body)
        self.receive(request)
        return request

    def invite(self):
        offer = recvonly_offer("192.0.2.9", 1)
        return self.request("INVITE", 1, SDP, body=offer, in_dialog=False)

    def up(self):
        self.invite()
        self.do("answer")
        self.request("ACK", 1)
        return self

    def refer(self, cseq=2, to="<sip:301@example.com>"):
        self.request("REFER", cseq, ("Refer-To", to))

    @property
    def tag(self):
        return next(m.to.tag for m, _ in self.sent if isinstance(m, Response) and m.to.tag)

    def statuses(self, method):
        responses = (m for m, _ in self.sent if isinstance(m, Response))
        return [response.status for response in responses if response.cseq.method == method]

    def requests(self, method):
        return [m for m, _ in self.sent if isinstance(m, Request) and m.method == method]

    def reply(self, request, status, *headers, to_tag="callee"):
        response = request.response(status, to_tag=to_tag, headers=headers)
        self.receive(response, next(to for sent, to in self.sent if sent is request))

    def notified(self):
        return [parse_sipfrag(notify.body).status for notify in self.requests("NOTIFY")]


def test_it_is_picked_up_by_hand_and_put_down():
    rig = Rig()
    rig.do("answer")  # nothing rings
    rig.up()
    rig.do("answer")  # nothing rings any more
    assert rig.statuses("INVITE") == [180, 200]
    rig.do("reject")
    rig.do("hang_up")
    rig.do("hang_up")
    [bye] = rig.requests("BYE")
    rig.reply(bye, 200)
    assert rig.phone.seen == ["invited", "ringing", "answered", "hung up"]
    rig.pass_until(40.0)
    assert len(rig.phone.agent) == 0


def test_it_is_rejected_by_hand():
    rig = Rig()
    rig.invite()
    rig.do("hang_up")  # there is nobody to say BYE to
    rig.do("reject", 603)
    rig.do("reject")
    assert rig.statuses("INVITE") == [180, 603]
    assert rig.phone.seen == ["invited", "ringing", "rejected 603"]


def test_it_is_put_down_by_itself_and_whoever_looks_is_told():
    rig = Rig(answer_after=1.0, hangs_up_after=2.0)
    told = []
    rig.phone.on_change = told.append
    rig.invite()
    rig.pass_until(1.0)
    rig.request("ACK", 1)
    rig.pass_until(2.9)
    assert told == ["invited", "ringing", "answered"]
    rig.pass_until(3.0)
    assert told[3:] == ["hung up"]


def test_it_gives_up_ringing():
    rig = Rig(gives_up_after=3.0, gives_up_with=480)
    rig.invite()
    rig.pass_until(3.0)
    assert rig.statuses("INVITE") == [180, 480]


def test_an_invite_without_an_offer_is_answered_with_one():
    rig = Rig()
    rig.request("INVITE", 1, in_dialog=False)
    rig.do("answer")
    assert b"m=audio" in rig.sent[-1][0].body


def test_what_begins_no_call_is_refused():
    rig = Rig()
    rig.request("BYE", 1, in_dialog=False)
    assert rig.statuses("BYE") == [481]
    assert rig.phone.seen == []


@pytest.mark.parametrize("method", ["BYE", "REFER", "INFO"])
def test_what_comes_out_of_order_is_refused(method):
    rig = Rig().up()
    rig.request("OPTIONS", 5)
    rig.request(method, 4, ("Refer-To", "<sip:301@example.com>"))
    assert rig.statuses(method) == [500]
    assert rig.phone.incoming[0].phase is CallPhase.TALKING


def test_requests_inside_the_call_are_answered():
    rig = Rig().up()
    rig.request("NOTIFY", 2)
    rig.request("INVITE", 3, SDP, body=recvonly_offer("192.0.2.9", 1, 2))
    rig.request("ACK", 3)
    sent = len(rig.sent)
    rig.pass_until(40.0)
    assert len(rig.sent) == sent  # the ACK was taken: the 200 is not repeated
    rig.request("BYE", 4)
    rig.request("BYE", 5)
    assert rig.statuses("NOTIFY") == [200]
    assert rig.statuses("INVITE") == [180, 200, 200]
    assert rig.statuses("BYE") == [200, 481]
    assert rig.phone.seen[-1] == "other side hung up"


def test_a_caller_who_never_acknowledges_is_hung_up():
    rig = Rig()
    rig.invite()
    rig.do("answer")
    rig.pass_until(33.0)
    assert rig.phone.seen[-1] == "hung up"
    assert len({bye.via.branch for bye in rig.requests("BYE")}) == 1


def test_so_is_one_who_never_acknowledges_a_re_invite():
    rig = Rig().up()
    rig.request("INVITE", 3, SDP, body=recvonly_offer("192.0.2.9", 1, 2))
    rig.pass_until(33.0)
    assert rig.phone.seen[-1] == "hung up"
    assert len({bye.via.branch for bye in rig.requests("BYE")}) == 1


def test_a_refer_is_refused():
    rig = Rig(refuse_refer=603).up()
    rig.refer()
    assert rig.statuses("REFER") == [603]
    assert rig.phone.outgoing == []


def test_it_calls_sip_addresses_only():
    rig = Rig().up()
    rig.refer(to="<tel:+431505641>")
    assert rig.statuses("REFER") == [400]
    assert rig.phone.outgoing == []


def test_after_the_end_a_refer_is_no_longer_taken():
    rig = Rig().up()
    rig.request("BYE", 2)
    rig.refer(3)
    assert 202 not in rig.statuses("REFER")
    assert rig.phone.outgoing == []


def test_it_calls_and_reports():
    rig = Rig().up()
    rig.refer()
    [invite] = rig.requests("INVITE")
    assert str(invite.uri) == "sip:301@example.com"
    rig.reply(invite, 100, to_tag=None)
    rig.reply(invite, 180)
    contact = ("Contact", "<sip:301@192.0.2.3:5070>")
    rig.reply(invite, 200, contact)
    rig.reply(invite, 200, contact)  # its ACK was lost
    assert rig.statuses("REFER") == [202]
    assert rig.notified() == [100, 180, 200]
    last = rig.requests("NOTIFY")[-1]
    assert last.headers.get("Subscription-State") == "terminated;reason=noresource"
    assert last.headers.get("Event") == "refer;id=2"
    acks = [to for message, to in rig.sent if getattr(message, "method", "") == "ACK"]
    assert acks == [Address("192.0.2.3", 5070)] * 2
    rig.do("hang_up")
    assert [bye.to.uri.user for bye in rig.requests("BYE")] == ["200", "301"]
    assert rig.phone.seen[-2:] == ["hung up", "hung up"]


def test_challenges_are_answered_in_every_dialog():
    rig = Rig().up()
    rig.refer()
    [notify] = rig.requests("NOTIFY")
    rig.reply(notify, 407, CHALLENGE, to_tag=None)
    [invite] = rig.requests("INVITE")
    rig.reply(invite, 407, CHALLENGE)
    rig.reply(rig.requests("INVITE")[1], 200, ("Contact", "<sip:301@192.0.2.3>"))
    rig.do("hang_up")
    bye = rig.requests("BYE")[-1]
    rig.reply(bye, 407, CHALLENGE, to_tag=None)
    for again, before in (
        (rig.requests("NOTIFY")[1], notify),
        (rig.requests("INVITE")[1], invite),
        (rig.requests("BYE")[-1], bye),
    ):
        assert "Proxy-Authorization" in again.headers
        assert again.cseq.number > before.cseq.number


def test_the_caller_gives_up():
    rig = Rig()
    invite = rig.invite()
    cancel = Request(
        "CANCEL", invite.uri, invite.headers.replaced("CSeq", "1 CANCEL").without("Content-Type")
    )
    rig.receive(cancel)
    assert rig.statuses("CANCEL") == [200]
    assert rig.statuses("INVITE") == [180, 487]
    assert rig.phone.seen[-1] == "cancelled"


def test_an_answer_after_the_call_failed_is_none():
    rig = Rig().up()
    rig.refer()
    [invite] = rig.requests("INVITE")
    rig.pass_until(33.0)
    rig.reply(invite, 200, ("Contact", "<sip:301@192.0.2.3>"))
    assert set(rig.notified()) == {100, 408}
    assert rig.phone.seen[-1] == "call failed"


def test_a_late_failure_of_a_call_that_is_over_changes_nothing():
    rig = Rig().up()
    rig.refer()
    [invite] = rig.requests("INVITE")
    rig.reply(invite, 486)
    rig.reply(invite, 486)
    assert rig.notified() == [100, 486]
    assert rig.phone.seen[-2:] == ["callee 486", "call failed"]


def test_a_callee_behind_a_name_is_reached_through_the_proxy():
    rig = Rig().up()
    rig.refer()
    [invite] = rig.requests("INVITE")
    rig.reply(invite, 200, ("Contact", "<sip:301@phone.example>"))
    assert rig.sent[-2][1] == PROXY or rig.sent[-1][1] == PROXY
    rig.do("hang_up")
    assert (rig.requests("BYE")[-1], PROXY) in rig.sent


def test_a_callee_who_never_answers_is_reported_as_a_time_out():
    rig = Rig().up()
    rig.refer()
    rig.pass_until(33.0)
    assert rig.notified()[-1] == 408


@pytest.mark.parametrize(
    ("behaviour", "reported"),
    [
        ({"notifies": False}, []),
        ({"reports_ringing": False}, [100, 200]),
    ],
)
def test_what_it_keeps_to_itself(behaviour, reported):
    rig = Rig(**behaviour).up()
    rig.refer()
    [invite] = rig.requests("INVITE")
    rig.reply(invite, 180)
    rig.reply(invite, 200, ("Contact", "<sip:301@192.0.2.3>"))
    assert rig.notified() == reported


def test_its_contact_says_where_it_is():
    assert Rig().phone.contact == "<sip:201@192.0.2.2:5060>"
    account = PhoneAccount(user="201", domain="example.com", proxy=PROXY)
    assert account.uri == SipUri(host="example.com", user="201")
