"""Full and partial documents, late, missing and repeated (RFC 4235 section 4.3)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.machine.dialog_table import MAXIMUM_DIALOGS, DialogTable, Standing
from siptapi_core.sip.dialog_info import DialogInfo, DialogState, WatchedDialog

LATE, IN_ORDER, MAKES_UP, AFTER_GAP = Standing
EARLY, CONFIRMED, TERMINATED = DialogState.EARLY, DialogState.CONFIRMED, DialogState.TERMINATED


def document(version: int, *, full: bool = False, **states: DialogState) -> DialogInfo:
    dialogs = tuple(WatchedDialog(id=name, state=state) for name, state in states.items())
    return DialogInfo(version=version, is_full=full, entity="sip:a@b", dialogs=dialogs)


def states(table: DialogTable) -> dict[str, DialogState]:
    return {name: row.state for name, row in table.dialogs.items()}


def folded(*documents: DialogInfo) -> tuple[DialogTable, list[Standing]]:
    table = DialogTable()
    return table, [table.fold(each) for each in documents]


def test_a_full_document_replaces_everything():
    table, standings = folded(
        document(0, full=True, a=EARLY, b=EARLY), document(1, full=True, c=EARLY)
    )
    assert (states(table), standings) == ({"c": EARLY}, [MAKES_UP, IN_ORDER])


def test_a_partial_document_changes_what_it_names():
    table, standings = folded(document(0, full=True, a=EARLY, b=EARLY), document(1, b=CONFIRMED))
    assert (states(table), standings) == ({"a": EARLY, "b": CONFIRMED}, [MAKES_UP, IN_ORDER])


def test_what_has_terminated_is_there_until_the_next_document():
    table, _ = folded(document(0, full=True, a=EARLY), document(1, a=TERMINATED))
    assert states(table) == {"a": TERMINATED}
    table.fold(document(2, b=EARLY))
    assert states(table) == {"b": EARLY}


def test_an_older_document_is_left_out():
    table, standings = folded(
        document(5, full=True, a=EARLY), document(4, full=True), document(3, b=EARLY)
    )
    assert (states(table), standings) == ({"a": EARLY}, [MAKES_UP, LATE, LATE])


def test_a_sender_that_does_not_count_is_believed():
    table, standings = folded(document(0, full=True, a=EARLY), document(0, full=True, a=CONFIRMED))
    assert (states(table), standings) == ({"a": CONFIRMED}, [MAKES_UP, IN_ORDER])


def test_after_a_gap_the_full_state_is_needed_but_what_came_counts():
    table, standings = folded(document(0, full=True, a=EARLY), document(2, b=EARLY))
    assert (states(table), standings) == ({"a": EARLY, "b": EARLY}, [MAKES_UP, AFTER_GAP])
    assert table.fold(document(3, a=CONFIRMED)) is IN_ORDER, "asked for once"


def test_a_gap_before_a_full_document_is_made_good():
    table, standings = folded(document(0, full=True, a=EARLY), document(7, full=True, b=EARLY))
    assert (states(table), standings) == ({"b": EARLY}, [MAKES_UP, MAKES_UP])


def test_a_partial_document_is_not_enough_to_begin_with():
    assert folded(document(0, a=EARLY))[1] == [AFTER_GAP]
    assert folded(document(0, full=True))[1] == [MAKES_UP]


def test_it_is_complete_after_a_full_document_until_one_is_missing():
    table = DialogTable()
    told = [
        (document(0, a=EARLY), False),
        (document(1, a=CONFIRMED), False),
        (document(2, full=True), True),
        (document(3, a=EARLY), True),
        (document(5, b=EARLY), False),
        (document(4, full=True), False),
        (document(6, full=True), True),
    ]
    for each, complete in told:
        table.fold(each)
        assert table.is_complete is complete


def test_it_holds_no_more_than_a_switchboard_has():
    table = DialogTable()
    for version in range(3):
        many = {f"v{version}n{n}": EARLY for n in range(MAXIMUM_DIALOGS // 2)}
        table.fold(document(version, **many))
    assert len(table.dialogs) == MAXIMUM_DIALOGS
    table.fold(document(3, v0n0=CONFIRMED, late=EARLY))
    assert table.dialogs["v0n0"].state is CONFIRMED
    assert "late" not in table.dialogs
    table.fold(document(4, full=True, **{f"n{n}": EARLY for n in range(MAXIMUM_DIALOGS + 1)}))
    assert len(table.dialogs) == MAXIMUM_DIALOGS + 1, "what is there has not ended"


changes = st.lists(
    st.tuples(
        st.booleans(), st.dictionaries(st.sampled_from("abcd"), st.sampled_from(DialogState))
    ),
    min_size=1,
    max_size=12,
)


def history(changes) -> tuple[list[DialogInfo], list[dict[str, DialogState]]]:
    """What a notifier sends, and what it knows after each document."""
    documents, knowledge = [], []
    now: dict[str, DialogState] = {}
    for version, (full, news) in enumerate(changes):
        now = {n: s for n, s in now.items() if s is not TERMINATED} | news
        told = now if full or version == 0 else news
        documents.append(document(version, full=full or version == 0, **told))
        knowledge.append(now)
    return documents, knowledge


def alive(those: dict[str, DialogState]) -> dict[str, DialogState]:
    return {name: state for name, state in those.items() if state is not TERMINATED}


@given(changes)
def test_every_document_in_order_gives_what_the_notifier_knows(changes):
    documents, knowledge = history(changes)
    table = DialogTable()
    for each, known in zip(documents, knowledge, strict=True):
        assert table.fold(each) is (MAKES_UP if each.version == 0 else IN_ORDER)
        assert states(table) == known


@given(changes, st.data())
def test_what_is_lost_late_or_twice_is_noticed_or_harmless(changes, data):
    """Whatever arrives: no state that was never sent, and a loss is made good by the next full."""
    documents, knowledge = history(changes)
    sent = {(row.id, row.state) for each in documents for row in each.dialogs}
    arriving = data.draw(st.lists(st.sampled_from(documents), max_size=20))
    table = DialogTable()
    missing, highest = True, -1
    for each in arriving:
        if each.version < highest:
            assert table.fold(each) is LATE
            continue
        standing = table.fold(each)
        missing = not each.is_full and (missing or standing is AFTER_GAP)
        highest = each.version
        assert {(name, state) for name, state in states(table).items()} <= sent
        if not missing:
            assert alive(states(table)) == alive(knowledge[each.version])
