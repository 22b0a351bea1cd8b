"""The dialog-info documents of a NOTIFY, from the RFC's own to those of real PBXs and phones."""

from __future__ import annotations

from contextlib import suppress
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.dialog_info import (
    DialogDirection,
    DialogEvent,
    DialogInfo,
    DialogState,
    Participant,
    WatchedDialog,
    parse_dialog_info,
)
from siptapi_core.sip.message import MAXIMUM_SIZE
from siptapi_core.sip.xml_element import MAXIMUM_DEPTH, parse_xml

FROM_THE_RFC = b"""<?xml version="1.0" encoding="UTF-8"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info"
             xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
             version="1" state="full" entity="sip:alice@example.com">
  <dialog id="123456" call-id="c" local-tag="l" remote-tag="r" direction="initiator">
    <state event="remote-bye" code="486">terminated</state>
    <duration>274</duration>
    <local>
      <identity display="Alice">sip:alice@example.com</identity>
      <target uri="sip:alice@pc33.example.com">
        <param pname="isfocus" pval="true"/>
        <param pname="class" pval="personal"/>
      </target>
    </local>
    <remote>
      <identity display="Bob">sip:bob@example.org</identity>
      <target uri="sip:bobster@phone21.example.org"/>
    </remote>
  </dialog>
</dialog-info>
"""
FROM_KAMAILIO = b"""<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="00000000002" state="full"
  entity="sip:alice@office.test">
  <dialog id="padi-6b03bf28-421-1" call-id="cc1e73308b79e1d6" direction="initiator">
    <state>Trying</state>
    <remote>
      <identity>sip:2002@office.test</identity>
      <target uri="sip:2002@office.test"/>
    </remote>
    <local>
      <identity>sip:alice@office.test</identity>
      <target uri="sip:alice@office.test"/>
    </local>
  </dialog>
</dialog-info>
"""
OF_AN_EXTENSION = b"""<?xml version="1.0" encoding="UTF-8"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="9" state="full"
  entity="sip:103@192.0.2.10:5060">
 <dialog id="103">
  <state>confirmed</state>
 </dialog>
</dialog-info>"""
PREFIXED = b"""<?xml version="1.0"?>
<di:dialog-info xmlns:di="urn:ietf:params:xml:ns:dialog-info" version="7" state="partial"
  entity="sip:line@example.com"><di:dialog id="1" direction="recipient">
  <di:state>early</di:state>
  <sa:appearance>1</sa:appearance><sa:exclusive>false</sa:exclusive>
</di:dialog></di:dialog-info>"""


def of_dialog(inside: str, attributes: str = 'id="1"') -> bytes:
    return f'<dialog-info version="1"><dialog {attributes}>{inside}</dialog></dialog-info>'.encode()


def only_dialog(body: bytes) -> WatchedDialog:
    (dialog,) = parse_dialog_info(body).dialogs
    return dialog


def test_the_whole_of_the_rfcs_example():
    assert parse_dialog_info(FROM_THE_RFC) == DialogInfo(
        version=1,
        is_full=True,
        entity="sip:alice@example.com",
        dialogs=(
            WatchedDialog(
                id="123456",
                state=DialogState.TERMINATED,
                event=DialogEvent.REMOTE_BYE,
                code=486,
                call_id="c",
                local_tag="l",
                remote_tag="r",
                direction=DialogDirection.INITIATOR,
                duration=274,
                local=Participant(
                    "sip:alice@example.com", "Alice", target="sip:alice@pc33.example.com"
                ),
                remote=Participant(
                    "sip:bob@example.org", "Bob", target="sip:bobster@phone21.example.org"
                ),
            ),
        ),
    )


def test_a_state_in_upper_case_and_a_version_of_eleven_digits():
    document = parse_dialog_info(FROM_KAMAILIO)
    (dialog,) = document.dialogs
    assert (document.version, dialog.state) == (2, DialogState.TRYING)
    assert dialog.remote == Participant("sip:2002@office.test", "", "sip:2002@office.test")
    assert (dialog.local_tag, dialog.remote_tag) == (None, None)


def test_no_more_than_that_an_extension_talks():
    dialog = only_dialog(OF_AN_EXTENSION)
    assert dialog == WatchedDialog(id="103", state=DialogState.CONFIRMED)
    assert dialog.remote == Participant()


def test_prefixes_even_such_as_were_never_declared():
    document = parse_dialog_info(PREFIXED)
    assert (document.is_full, document.version) == (False, 7)
    assert document.dialogs[0].direction is DialogDirection.RECIPIENT


def test_no_namespace_and_upper_case_everywhere():
    dialog = only_dialog(
        b'<DIALOG-INFO VERSION="1" STATE="FULL"><DIALOG ID="1" DIRECTION="Initiator">'
        b'<STATE EVENT="Rejected" CODE="603">TERMINATED</STATE></DIALOG></DIALOG-INFO>'
    )
    assert (dialog.direction, dialog.event) == (DialogDirection.INITIATOR, DialogEvent.REJECTED)


@pytest.mark.parametrize("around", [b"\r\n\r\n%s", b"%s\0", b"\xef\xbb\xbf%s", b"  %s\r\n\0\0"])
def test_what_stands_around_it_is_ignored(around):
    assert parse_dialog_info(around % FROM_THE_RFC) == parse_dialog_info(FROM_THE_RFC)


def test_no_dialog_at_all():
    document = parse_dialog_info(b'<dialog-info version="0" state="full" entity="sip:a@b"/>')
    assert document == DialogInfo(version=0, is_full=True, entity="sip:a@b", dialogs=())


@pytest.mark.parametrize("attributes", ["", 'version="x" state="some"', 'version="-1"'])
def test_without_version_or_state_it_is_number_0_and_partial(attributes):
    document = parse_dialog_info(f"<dialog-info {attributes}/>".encode())
    assert (document.version, document.is_full, document.entity) == (0, False, "")


@pytest.mark.parametrize(
    ("attributes", "name"), [('id="7" call-id="c"', "7"), ('call-id="c"', "c"), ("", "")]
)
def test_without_an_id_a_dialog_goes_by_its_call_id(attributes, name):
    assert only_dialog(of_dialog("<state>early</state>", attributes)).id == name


def test_what_makes_no_sense_counts_as_unsaid():
    dialog = only_dialog(
        of_dialog(
            '<state event="struck-by-lightning" code="99">early</state>'
            "<duration>long</duration><mediaattributes/>",
            'id="1" direction="sideways" local-tag=" "',
        )
    )
    assert dialog == WatchedDialog(id="1", state=DialogState.EARLY)


def test_what_is_said_twice_counts_the_first_time():
    dialog = only_dialog(
        of_dialog("<state>early</state><x:state xmlns:x='urn:x'>terminated</x:state>")
    )
    assert dialog.state is DialogState.EARLY


def test_text_is_one_line_and_entities_of_xml_are_read():
    dialog = only_dialog(
        of_dialog(
            "<state>\n early\n</state><remote>"
            '<identity display="A &amp; B&#10;&lt;C&gt;">\n  sip:a@b\n </identity></remote>'
        )
    )
    assert dialog.remote == Participant("sip:a@b", "A & B <C>")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("declared", ["", "UTF-8", "ISO-8859-1", "us-ascii", "zlib", "utf-16"])
def test_text_is_utf_8_or_latin_1_whatever_it_says(encoding, declared):
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = of_dialog('<state>early</state><remote><identity display="Jörg"/></remote>').decode()
    dialog = only_dialog((declaration + text).encode(encoding))
    assert dialog.remote.display_name == "Jörg"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "no XML document: no element found"),
        (b"early", "no XML document: syntax error"),
        (b"<dialog-info>", "no XML document: no element found"),
        (b"<dialog-info/><dialog-info/>", "no XML document: junk after document element"),
        (b'<dialog-info entity="&x;"/>', "no XML document: undefined entity"),
        (b"<presence/>", "an XML document about 'presence', not dialog-info"),
        (of_dialog(""), "a dialog in the state '', which there is not"),
        (of_dialog("<state>ringing</state>"), "a dialog in the state 'ringing', which"),
    ],
)
def test_what_cannot_be_read_says_why(body, problem):
    with pytest.raises(MessageError, match=problem):
        parse_dialog_info(body)


BILLION_LAUGHS = b"""<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>
<dialog-info entity="&c;"/>"""
OUTSIDE = (
    b"""<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/hostname">]><dialog-info>&f;</dialog-info>"""
)


@pytest.mark.parametrize("body", [BILLION_LAUGHS, OUTSIDE, b"<!DOCTYPE d><dialog-info/>"])
def test_a_document_type_is_refused_where_it_begins(body):
    with pytest.raises(MessageError, match="document type"):
        parse_dialog_info(body)


def test_depth_and_size_are_bounded():
    deepest = b"<a>" * MAXIMUM_DEPTH + b"</a>" * MAXIMUM_DEPTH
    assert parse_xml(deepest).name == "a"
    with pytest.raises(MessageError, match="deeper than 16 elements"):
        parse_xml(b"<a>" + deepest + b"</a>")
    longest = b"<a>" + b"x" * (MAXIMUM_SIZE - 7) + b"</a>"
    assert len(parse_xml(longest).text) == MAXIMUM_SIZE - 7
    with pytest.raises(MessageError, match="65536 bytes: more than 65535"):
        parse_xml(longest + b" ")


words = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cn")), min_size=1, max_size=9
)
optional_words = st.none() | words
participants = st.builds(Participant, words | st.just(""), words | st.just(""), words | st.just(""))
dialogs = st.builds(
    WatchedDialog,
    id=words,
    state=st.sampled_from(DialogState),
    event=st.none() | st.sampled_from(DialogEvent),
    code=st.none() | st.integers(100, 699),
    call_id=optional_words,
    local_tag=optional_words,
    remote_tag=optional_words,
    direction=st.none() | st.sampled_from(DialogDirection),
    duration=st.none() | st.integers(0, 10**8),
    local=participants,
    remote=participants,
)
documents = st.builds(
    DialogInfo,
    version=st.integers(0, 2**32),
    is_full=st.booleans(),
    entity=words,
    dialogs=st.lists(dialogs, max_size=4).map(tuple),
)


def element(name: str, attributes: dict[str, object], inside: str = "") -> str:
    shown = "".join(
        f" {key}={quoteattr(str(value))}" for key, value in attributes.items() if value is not None
    )
    return f"<{name}{shown}>{inside}</{name}>"


def written(document: DialogInfo) -> bytes:
    """The document as a tidy notifier writes it."""

    def participant(name: str, who: Participant) -> str:
        identity = element("identity", {"display": who.display_name}, escape(who.identity))
        return element(name, {}, identity + element("target", {"uri": who.target}))

    def dialog(told: WatchedDialog) -> str:
        names = {
            "id": told.id,
            "call-id": told.call_id,
            "local-tag": told.local_tag,
            "remote-tag": told.remote_tag,
            "direction": told.direction,
        }
        inside = element("state", {"event": told.event, "code": told.code}, told.state)
        if told.duration is not None:
            inside += element("duration", {}, str(told.duration))
        inside += participant("local", told.local) + participant("remote", told.remote)
        return element("dialog", names, inside)

    about = {
        "version": document.version,
        "state": "full" if document.is_full else "partial",
        "entity": document.entity,
    }
    return element("dialog-info", about, "".join(map(dialog, document.dialogs))).encode()


@given(documents)
def test_what_is_written_is_read(document):
    assert parse_dialog_info(written(document)) == document


@given(st.binary(max_size=300) | documents.map(written), st.data())
def test_any_bytes_are_read_or_refused(body, data):
    """Also a document of which some bytes are others."""
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(body)))
        body = body[:place] + data.draw(st.binary(max_size=3)) + body[place + 1 :]
    with suppress(MessageError):
        assert isinstance(parse_dialog_info(body), DialogInfo)
