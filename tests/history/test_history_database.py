"""The file: made, migrated, shared, damaged, removed."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from history_bench import ANSWERED, BEGAN, SaidLogger, of_call

from siptapi_core.event_encoding import encode_event
from siptapi_core.history import schema
from siptapi_core.history.database import SET_ASIDE_AGAIN, Database
from siptapi_core.history.forgetting import forget
from siptapi_core.history.health import Health
from siptapi_core.history.queries import show_call
from siptapi_core.history.schema import NewerSchemaError, migrate
from siptapi_core.history.taking_over import insert_lines
from siptapi_core.history.transaction import transaction
from siptapi_core.testing.fake_clock import FakeClock


class Rig:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "state" / "history.db"
        self.clock = FakeClock(wall=BEGAN)
        self.logger = SaidLogger()
        self.damage = Health(self.logger)
        self.opened = 0
        self.database = Database(self.path, self._on_open, clock=self.clock, health=self.damage)

    def _on_open(self) -> None:
        self.opened += 1

    def calls(self) -> int:
        return self.database.use(
            lambda connection: connection.execute("SELECT count(*) FROM calls").fetchone()[0]
        )

    def add(self, run: str = "main") -> None:
        self.database.use(
            lambda connection: connection.execute(
                "INSERT INTO runs (run, last_event) VALUES (?, 1)", (run,)
            )
        )

    def runs(self) -> list[str]:
        return self.database.use(
            lambda connection: [row["run"] for row in connection.execute("SELECT run FROM runs")]
        )


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.database.close()


def test_only_its_user_can_read_it(rig: Rig) -> None:
    assert rig.calls() == 0
    assert rig.path.parent.stat().st_mode & 0o777 == 0o700
    files = {path.name: path.stat().st_mode & 0o777 for path in rig.path.parent.iterdir()}
    assert files == dict.fromkeys(("history.db", "history.db-shm", "history.db-wal"), 0o600)


def test_one_that_everybody_could_read_is_kept_from_them(rig: Rig) -> None:
    files = [rig.path, *(Path(f"{rig.path}{suffix}") for suffix in ("-wal", "-shm"))]
    rig.database.use(lambda connection: connection.execute("SELECT 1"))
    rig.database.close()
    for file in files:
        file.touch()
        file.chmod(0o644)
    rig.database.use(lambda connection: connection.execute("SELECT 1"))
    assert [oct(stat.S_IMODE(file.stat().st_mode)) for file in files] == ["0o640"] * 3


def test_what_is_committed_is_on_the_disk_and_readers_do_not_wait(rig: Rig) -> None:
    def modes(connection: sqlite3.Connection) -> list[object]:
        return [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        ]

    assert rig.database.use(modes) == ["wal", 2]


def test_it_is_opened_once_and_again_after_it_was_closed(rig: Rig) -> None:
    rig.add()
    assert rig.runs() == ["main"]
    assert rig.opened == 1
    rig.database.close()
    assert rig.runs() == ["main"]
    assert rig.opened == 2


def test_one_that_somebody_removed_is_made_again(rig: Rig) -> None:
    rig.add()
    rig.path.unlink()
    for suffix in ("-wal", "-shm"):
        Path(f"{rig.path}{suffix}").unlink()
    assert rig.runs() == []
    assert rig.opened == 2
    assert rig.damage.problem == ""


def set_aside(rig: Rig) -> list[str]:
    return sorted(path.name for path in rig.path.parent.glob("*.damaged-*"))


def test_a_file_that_is_no_database_is_set_aside_and_that_is_said(rig: Rig) -> None:
    rig.path.parent.mkdir()
    rig.path.write_text("dear diary, " * 100)
    assert rig.calls() == 0
    assert set_aside(rig) == ["history.db.damaged-20231114T221320Z"]
    assert (rig.path.parent / set_aside(rig)[0]).read_text().startswith("dear diary")
    [warning] = rig.logger.warnings
    assert "file is not a database" in warning
    assert set_aside(rig)[0] in warning
    assert rig.damage.problem == warning


def damage(path: Path) -> None:
    """Overwrite all pages but the first two."""
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (path.stat().st_size - 8192))


def test_damage_that_shows_later_is_found_as_well(rig: Rig) -> None:
    rig.add()
    rig.database.close()
    damage(rig.path)
    assert rig.runs() == []
    rig.add()
    assert rig.runs() == ["main"]
    assert len(set_aside(rig)) == 1
    assert "malformed" in rig.damage.problem


def malformed() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def test_its_last_changes_are_set_aside_with_it(rig: Rig) -> None:
    def found_damaged(connection: sqlite3.Connection) -> None:
        if rig.opened == 1:
            raise malformed()

    rig.add()
    with closing(sqlite3.connect(rig.path)) as other:  # keeps us from tidying up
        assert other.execute("SELECT run FROM runs").fetchall() == [("main",)]
        rig.database.use(found_damaged)
        aside = set_aside(rig)
    assert aside == [f"{aside[0]}{suffix}" for suffix in ("", "-shm", "-wal")]
    assert rig.runs() == []
    with closing(sqlite3.connect(rig.path.parent / aside[0])) as old:
        assert old.execute("SELECT run FROM runs").fetchall() == [("main",)]


def test_a_disk_that_damages_everything_is_not_filled_with_it(rig: Rig) -> None:
    rig.path.parent.mkdir()
    for _ in range(2):
        rig.database.close()
        rig.path.write_text("dear diary, " * 100)
        if not set_aside(rig):
            assert rig.calls() == 0
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        rig.calls()
    assert len(set_aside(rig)) == 1
    rig.clock.advance(SET_ASIDE_AGAIN)
    assert rig.calls() == 0
    assert len(set_aside(rig)) == 2


def test_who_finds_that_another_process_set_it_aside_takes_the_new_one(rig: Rig) -> None:
    def found_damaged(connection: sqlite3.Connection) -> str:
        if rig.opened > 1:
            return "done"
        rig.path.rename(rig.path.with_name("set aside"))
        raise malformed()

    assert rig.database.use(found_damaged) == "done"
    assert set_aside(rig) == []
    assert rig.opened == 2


def test_what_is_no_damage_is_the_callers_to_know(rig: Rig) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        rig.database.use(lambda connection: connection.execute("SELECT * FROM nowhere"))
    assert set_aside(rig) == []


def test_a_transaction_is_all_or_nothing(rig: Rig) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        with transaction(connection):
            connection.execute("INSERT INTO runs (run, last_event) VALUES ('a', 1)")
            raise KeyError("b")

    def roll_back(connection: sqlite3.Connection) -> None:
        with transaction(connection):
            connection.execute("INSERT OR ROLLBACK INTO runs (run, last_event) VALUES ('c', 1)")
            connection.execute("INSERT OR ROLLBACK INTO runs (run, last_event) VALUES ('c', 1)")

    with pytest.raises(KeyError):
        rig.database.use(fail)
    with pytest.raises(sqlite3.IntegrityError):
        rig.database.use(roll_back)
    assert rig.runs() == []


# --- migrations ------------------------------------------------------------------------------


def schema_of(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_a_new_database_has_every_version(rig: Rig) -> None:
    versions = rig.database.use(
        lambda connection: connection.execute("SELECT version FROM versions").fetchall()
    )
    assert [row["version"] for row in versions] == list(range(1, len(schema.MIGRATIONS) + 1))


def test_version_1_is_what_was_released() -> None:
    """Its statements never change; what is to be another way is another version."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in schema.MIGRATIONS[0]:
            connection.execute(statement)
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in ("runs", "events", "calls")
        }
    assert columns == {
        "runs": ["run", "last_event", "forgotten"],
        "events": ["run", "id", "call", "data"],
        "calls": [
            *("call", "run", "line", "direction", "number", "name", "searched", "started"),
            *("strategy", "answered", "ended", "outcome", "stage", "status", "reason"),
            *("duration", "unfinished"),
        ],
    }


def test_calls_of_version_2_have_their_events_and_those_that_come(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = of_call(ANSWERED)
    ended = json.dumps(encode_event(events[-1]))

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO calls (call, run, line, direction, number, name, searched, started)"
            " VALUES ('c1', 'main', 'office', 'outgoing', '1', '', '1', ?)",
            (BEGAN,),
        )
        for event in events[:-1]:
            connection.execute(
                "INSERT INTO events VALUES ('main', ?, 'c1', ?)",
                (event.id, json.dumps(encode_event(event))),
            )
        connection.execute("INSERT INTO runs (run, last_event) VALUES ('main', 3)")

    def go_on(connection: sqlite3.Connection) -> None:
        assert show_call(connection, "c1", None).events == tuple(events[:-1])
        assert insert_lines(connection, "main", [ended.encode()]) == 0
        shown = show_call(connection, "c1", None)
        assert (shown.outcome, shown.events) == ("answered", tuple(events))
        forget(connection, now=BEGAN + 1e9, keep_days=1, keep_calls=0, running=[])
        for table in ("calls", "events"):
            assert connection.execute(f"SELECT * FROM {table}").fetchall() == []

    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        rig.database.use(fill)
        rig.database.close()
    rig.database.use(go_on)


def test_an_older_database_is_brought_up_to_date_and_keeps_what_it_has(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.add("main")
    rig.database.close()
    second = ("ALTER TABLE runs ADD COLUMN host TEXT NOT NULL DEFAULT 'here'",)
    third = ("CREATE TABLE favourites (number TEXT PRIMARY KEY)",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, second, third))
    for _ in range(2):  # the second time there is nothing to be done
        row = rig.database.use(
            lambda connection: dict(connection.execute("SELECT * FROM runs").fetchone())
        )
        assert row == {"run": "main", "last_event": 1, "forgotten": 0, "host": "here"}
        rig.database.close()
    with closing(sqlite3.connect(rig.path)) as connection:
        assert connection.execute("SELECT max(version) FROM versions").fetchone() == (
            len(schema.MIGRATIONS),
        )
        migrated = schema_of(connection)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as new:
        migrate(new)
        assert schema_of(new) == migrated


def test_a_migration_that_fails_changes_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.add("main")
    rig.database.close()
    wrong = ("CREATE TABLE favourites (number TEXT)", "CREATE TABLE favourites (number TEXT)")
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, wrong))
        with pytest.raises(sqlite3.OperationalError, match="already exists"):
            rig.runs()
    assert rig.runs() == ["main"]


def test_a_later_versions_database_is_left_alone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    later = ("CREATE TABLE favourites (number TEXT PRIMARY KEY)",)
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, later))
        rig.add("main")
    rig.database.close()
    newer = rf"made by a later version of SIPTAPI \({len(schema.MIGRATIONS) + 1}\)"
    with pytest.raises(NewerSchemaError, match=newer):
        rig.runs()
    assert set_aside(rig) == []
