import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.history_info import HistoryEntry, original_target

PLAIN = "<sip:200@example.com>;index=1"
MAPPED = "<sip:201@example.com>;index=1.1;mp=1"
CAUSE = "<sip:201@example.com;cause=302>;index=1.1"
CONTACT = "<sip:200@192.0.2.2:5060>;index=1.1;rc=1"
LEFT = "<sip:200@example.com?Reason=SIP%3Bcause%3D302%3Btext%3D%22Moved%22>;index=1"
NEXT = "<sip:201@example.com>;index=1.1"


def read(*texts: str) -> list[HistoryEntry]:
    return [HistoryEntry.parse(text) for text in texts]


def test_an_entry_is_read_and_written():
    entry = HistoryEntry.parse('"Bob" <sip:201@example.com;cause=302>;index=1.1;mp=1')
    assert (entry.index, entry.address.display_name) == ("1.1", "Bob")
    assert str(entry) == '"Bob" <sip:201@example.com;cause=302>;index=1.1;mp=1'


@pytest.mark.parametrize("text", ["", "201", "<sip:200@example.com>", "<sip:200@x>;index"])
def test_what_is_no_entry_is_refused(text):
    with pytest.raises(MessageError):
        HistoryEntry.parse(text)


@pytest.mark.parametrize(
    ("text", "to", "from_"),
    [
        (PLAIN, False, False),
        (MAPPED, True, False),
        (CAUSE, True, False),
        (CONTACT, False, False),
        (LEFT, False, True),
        ("<sip:200@example.com?REASON=sip%3bcause%3d486>;index=1", False, True),
        ("<sip:200@example.com?a=b&Reason=SIP%3Bcause%3D408>;index=1", False, True),
        ("<sip:200@example.com?Reason=Q.850%3Bcause%3D16>;index=1", False, False),
        ("<sip:200@example.com?Reason=SIP>;index=1", False, False),
        ("<sip:200@example.com?Reason=%22>;index=1", False, False),
        ("<sip:200@192.0.2.2?Reason=SIP%3Bcause%3D408>;index=1.1;rc=1", False, False),
        ("<sip:800@example.com;cause=380>;index=1.1;mp=1", False, False),
        ("<tel:+431505641>;index=1.1;mp=1", True, False),
        ("<tel:+431505641>;index=1", False, False),
    ],
)
def test_how_a_diversion_is_told(text, to, from_):
    entry = HistoryEntry.parse(text)
    assert (entry.is_diverted_to, entry.is_diverted_from) == (to, from_)


@pytest.mark.parametrize(
    ("text", "private"),
    [
        (PLAIN, False),
        ("<sip:200@example.com?Privacy=history>;index=1", True),
        ("<sip:200@example.com?privacy=none>;index=1", False),
        ("<tel:+431505641>;index=1", False),
    ],
)
def test_what_must_not_be_shown(text, private):
    assert HistoryEntry.parse(text).is_private is private


@pytest.mark.parametrize("history", [(PLAIN, MAPPED), (PLAIN, CAUSE), (LEFT, NEXT)])
def test_the_original_target_of_a_diverted_request(history):
    entries = read(*history)
    assert original_target(entries) == entries[0]


@pytest.mark.parametrize(
    "history", [(), (PLAIN,), (PLAIN, CONTACT), (MAPPED,), (CAUSE, NEXT), (NEXT, LEFT), (LEFT,)]
)
def test_what_was_not_diverted_or_does_not_say_from_where_has_none(history):
    assert original_target(read(*history)) is None


parts = st.lists(st.sampled_from([*'<>;=?:@%1." ', "sip:", "index=1", "mp", "cause=302", "%3B"]))


@given(text=st.text() | parts.map(lambda found: f"<sip:{''.join(found)}>;index=1"))
def test_any_text_is_a_value_or_a_message_error(text):
    try:
        entry = HistoryEntry.parse(text)
    except MessageError:
        return
    assert HistoryEntry.parse(str(entry)) == entry
    assert original_target([entry, entry]) in (entry, None)
    assert entry.is_private in (True, False)
