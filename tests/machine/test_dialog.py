"""RFC 3261 section 12."""

from __future__ import annotations

import pytest
from bench import make_request, without_via

from siptapi_core.errors import MessageError
from siptapi_core.machine.dialog import Dialog
from siptapi_core.sip.uri import SipUri

INVITE = without_via(
    make_request(
        uri="sip:201@example.com",
        from_='"SIPTAPI" <sip:200@example.com>;tag=ours',
        to="<sip:201@example.com>",
        call_id="our-call",
        cseq="7 INVITE",
    )
)
CONTACT = ("Contact", "<sip:201@192.0.2.2:5070>")


def accepted(*headers: tuple[str, str]) -> Dialog:
    response = INVITE.response(200, to_tag="phone", headers=headers)
    return Dialog.from_response(INVITE, response)


def with_routes(*uris: str) -> Dialog:
    return accepted(CONTACT, *(("Record-Route", f"<{uri}>") for uri in reversed(uris)))


def headers_of(request, name):
    return list(request.headers.lines(name))


# --- the caller's side ---------------------------------------------------------------------------


def test_the_caller_s_side_is_made_by_the_response():
    dialog = accepted(CONTACT)
    assert dialog.call_id == "our-call"
    assert dialog.local == '"SIPTAPI" <sip:200@example.com>;tag=ours'
    assert dialog.remote == "<sip:201@example.com>;tag=phone"
    assert str(dialog.remote_target) == "sip:201@192.0.2.2:5070"
    assert dialog.routes == ()
    assert dialog.local_cseq == 7
    assert dialog.remote_cseq is None
    assert dialog.next_hop == dialog.remote_target


@pytest.mark.parametrize(
    "contact",
    [
        (),
        (("Contact", "<tel:201>"),),
        (("Contact", "*"),),
        (("Contact", "<<nonsense"),),
    ],
    ids=["none", "tel", "star", "unreadable"],
)
def test_without_a_usable_contact_the_target_stays_the_request_s(contact):
    assert str(accepted(*contact).remote_target) == "sip:201@example.com"


def test_a_record_route_that_cannot_be_read_is_an_error():
    with pytest.raises(MessageError):
        accepted(CONTACT, ("Record-Route", "<<nonsense"))


def test_a_dialog_of_a_request_to_no_sip_uri_leads_nowhere():
    request = without_via(make_request(uri="tel:201"))
    dialog = Dialog.from_response(request, request.response(200, to_tag="phone"))
    assert str(dialog.remote_target) == "sip:invalid.invalid"


# --- the called side -----------------------------------------------------------------------------


def test_the_called_side_is_made_by_the_request():
    request = make_request(
        cseq="314 INVITE",
        headers=(
            ("Contact", "<sip:301@192.0.2.3>"),
            ("Record-Route", "<sip:a.example;lr>, <sip:b.example;lr>"),
        ),
    )
    dialog = Dialog.from_request(request, "local")
    assert dialog.call_id == "call-of-peer"
    assert dialog.local == "<sip:200@example.com>;tag=local"
    assert dialog.remote == "<sip:301@example.com>;tag=theirs"
    assert str(dialog.remote_target) == "sip:301@192.0.2.3"
    assert [str(route.uri) for route in dialog.routes] == ["sip:a.example;lr", "sip:b.example;lr"]
    assert dialog.local_cseq == 0
    assert dialog.remote_cseq == 314
    assert str(dialog.next_hop) == "sip:a.example;lr"


def test_a_caller_without_a_contact_is_called_back_by_its_from():
    dialog = Dialog.from_request(make_request(), "local")
    assert str(dialog.remote_target) == "sip:301@example.com"


def test_a_caller_whom_nothing_reaches():
    request = make_request(from_="<tel:+4315056416>;tag=theirs")
    assert str(Dialog.from_request(request, "x").remote_target) == "sip:200@192.0.2.9"


# --- requests ------------------------------------------------------------------------------------


def test_requests_count_up_and_carry_both_tags():
    dialog = accepted(CONTACT)
    refer = dialog.create_request("REFER", headers=(("Refer-To", "<sip:1@b>"),), body=b"x")
    assert refer.method == "REFER"
    assert refer.uri == dialog.remote_target
    assert refer.body == b"x"
    assert refer.headers.items() == (
        ("Max-Forwards", "70"),
        ("From", '"SIPTAPI" <sip:200@example.com>;tag=ours'),
        ("To", "<sip:201@example.com>;tag=phone"),
        ("Call-ID", "our-call"),
        ("CSeq", "8 REFER"),
        ("Refer-To", "<sip:1@b>"),
    )
    bye = dialog.create_request("BYE")
    assert (bye.cseq.number, bye.body) == (9, b"")
    assert dialog.local_cseq == 9


def test_an_ack_has_the_number_of_its_invite_and_uses_none_up():
    dialog = accepted(CONTACT)
    assert dialog.create_request("ACK", cseq=7).cseq.number == 7
    assert dialog.create_request("BYE").cseq.number == 8


def test_a_loose_route_set_is_followed_in_reverse_order_of_the_record():
    dialog = with_routes("sip:first.example;lr", "sip:second.example;lr")
    request = dialog.create_request("BYE")
    assert headers_of(request, "Route") == ["<sip:first.example;lr>", "<sip:second.example;lr>"]
    assert str(request.uri) == "sip:201@192.0.2.2:5070"
    assert str(dialog.next_hop) == "sip:first.example;lr"


def test_a_strict_router_gets_itself_as_request_uri_and_the_target_last():
    strict = "sip:u:p@first.example:5070;transport=tcp;method=INVITE;x=y?Subject=s"
    dialog = with_routes(strict, "sip:second.example;lr")
    request = dialog.create_request("BYE")
    assert str(request.uri) == "sip:u:p@first.example:5070;transport=tcp;x=y"
    assert headers_of(request, "Route") == ["<sip:second.example;lr>", "<sip:201@192.0.2.2:5070>"]
    assert str(dialog.next_hop) == strict


def test_a_sips_strict_router_keeps_its_scheme():
    request = with_routes("sips:first.example").create_request("BYE")
    assert str(request.uri) == "sips:first.example"
    assert headers_of(request, "Route") == ["<sip:201@192.0.2.2:5070>"]


def test_a_route_that_is_no_sip_uri_is_not_followed():
    dialog = with_routes("tel:123")
    assert dialog.next_hop == dialog.remote_target


# --- order and target ----------------------------------------------------------------------------


def test_requests_of_the_other_side_must_not_go_back_in_order():
    dialog = accepted(CONTACT)
    assert dialog.take(make_request("NOTIFY", cseq="50 NOTIFY"))
    assert not dialog.take(make_request("NOTIFY", cseq="49 NOTIFY"))
    assert dialog.take(make_request("NOTIFY", cseq="50 NOTIFY"))
    assert dialog.take(make_request("BYE", cseq="60 BYE"))
    assert dialog.remote_cseq == 60
    assert not dialog.take(make_request("BYE", cseq="59 BYE"))
    assert dialog.remote_cseq == 60


def test_a_target_refresh_moves_the_target_only_where_there_is_a_contact():
    dialog = accepted(CONTACT)
    dialog.refresh_target(make_request(headers=(("Contact", "<sip:201@192.0.2.77>"),)))
    assert str(dialog.remote_target) == "sip:201@192.0.2.77"
    dialog.refresh_target(make_request())
    assert str(dialog.remote_target) == "sip:201@192.0.2.77"
    with pytest.raises(MessageError):
        dialog.refresh_target(make_request(headers=(("Contact", "<<nonsense"),)))
    assert str(dialog.remote_target) == "sip:201@192.0.2.77"


def test_the_parts_are_kept_as_given():
    dialog = Dialog(
        call_id="c",
        local="<sip:a>;tag=1",
        remote="<sip:b>;tag=2",
        remote_target=SipUri(host="b"),
        routes=(),
        local_cseq=1,
    )
    assert dialog.remote_cseq is None
    assert dialog.next_cseq() == 2
