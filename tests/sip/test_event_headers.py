import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.event import EventHeader, SubscriptionState


@pytest.mark.parametrize(
    ("text", "package", "id_"),
    [
        ("refer", "refer", None),
        ("Refer;id=93809823", "refer", "93809823"),
        (" refer ; ID = 7 ;x=y", "refer", "7"),
        ('refer;id="7"', "refer", "7"),
        ("refer;id", "refer", None),
        ("refer;id=", "refer", None),
        ("refer;id=a b", "refer", None),
        ("refer;id=7;id=8", "refer", "7"),
        ("dialog;sla;include-session-description", "dialog", None),
        ("presence.winfo", "presence.winfo", None),
    ],
)
def test_event(text, package, id_):
    assert EventHeader.parse(text) == EventHeader(package, id_)


def test_event_is_written():
    assert str(EventHeader("refer")) == "refer"
    assert str(EventHeader("refer", "7")) == "refer;id=7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("active;expires=60", SubscriptionState("active", expires=60)),
        ("Active ; Expires = 60", SubscriptionState("active", expires=60)),
        ("pending", SubscriptionState("pending")),
        ("terminated;reason=noresource", SubscriptionState("terminated", "noresource")),
        ("TERMINATED;REASON=NoResource", SubscriptionState("terminated", "noresource")),
        ("terminated;reason=reason=noresource", SubscriptionState("terminated", "noresource")),
        (
            'terminated;reason="probation";retry-after=30',
            SubscriptionState("terminated", "probation", retry_after=30),
        ),
        ("terminated;reason=", SubscriptionState("terminated")),
        ("active;expires=soon", SubscriptionState("active")),
        ("active;expires=-1", SubscriptionState("active")),
        ("active;expires=99999999999", SubscriptionState("active")),
        ("active;expires", SubscriptionState("active")),
        ("waiting;x=y", SubscriptionState("waiting")),
    ],
)
def test_subscription_state(text, expected):
    assert SubscriptionState.parse(text) == expected


def test_subscription_state_is_written():
    state = SubscriptionState("terminated", "probation", 0, 30)
    assert str(state) == "terminated;reason=probation;expires=0;retry-after=30"


def test_terminated_ends_it():
    assert SubscriptionState("terminated").is_terminated
    assert not SubscriptionState("active").is_terminated


@pytest.mark.parametrize("kind", [EventHeader, SubscriptionState])
@pytest.mark.parametrize("text", ["", ";id=1", "re fer", '"refer"', "\r\n"])
def test_what_has_no_name_is_refused(kind, text):
    with pytest.raises(MessageError, match="does not begin with a name"):
        kind.parse(text)


@pytest.mark.parametrize("kind", [EventHeader, SubscriptionState])
@given(text=st.text() | st.text(';="ireasondxp1').map(lambda text: "refer;" + text))
def test_any_text_is_a_value_or_a_message_error(kind, text):
    try:
        value = kind.parse(text)
    except MessageError:
        return
    assert kind.parse(str(value)) == value
