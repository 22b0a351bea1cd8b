"""When a line's password is read, and by whom it is waited for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from siptapi_core.dialer.line_credentials import LineCredentials
from siptapi_core.errors import SettingsError
from siptapi_core.settings import parse
from siptapi_core.settings.secret_places import READERS
from siptapi_core.sip.auth import Credentials

SECRET = Credentials("200", "s3cret")


def make_line(password=""):
    text = '[lines.office]\ndomain = "example.com"\nuser = "200"\n'
    return parse(f"{text}{password and f'password = {password}'}\n", where="siptapi.toml").lines[
        "office"
    ]


class Program:
    """What a command does: it waits for `finish`, then gives or raises what it was told."""

    def __init__(self, monkeypatch):
        self.runs = 0
        self.threads = set()
        self.gives = "s3cret"
        self.finish = threading.Event()
        monkeypatch.setitem(READERS, "command", self.read)

    def read(self, _command, _folder):
        self.runs += 1
        self.threads.add(threading.current_thread())
        assert self.finish.wait(10)
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


@pytest.fixture
def program(monkeypatch):
    return Program(monkeypatch)


def run(main):
    asyncio.run(asyncio.wait_for(main(), 20))


@pytest.mark.parametrize(
    ("password", "credentials"),
    [("", None), ('"s3cret"', SECRET), ('{ env = "SIPTAPI_TEST" }', SECRET)],
)
def test_what_is_at_hand_is_read_without_a_thread_or_a_turn_of_the_loop(
    password, credentials, monkeypatch
):
    monkeypatch.setenv("SIPTAPI_TEST", "s3cret")
    monkeypatch.setattr(threading, "Thread", None)
    reading = LineCredentials(make_line(password))()
    with pytest.raises(StopIteration) as stopped:
        reading.send(None)
    assert stopped.value.value == credentials


def test_a_variable_that_is_not_set_is_named_by_file_and_key(monkeypatch):
    monkeypatch.delenv("SIPTAPI_TEST", raising=False)
    credentials = LineCredentials(make_line('{ env = "SIPTAPI_TEST" }'))
    with pytest.raises(SettingsError, match=r"siptapi\.toml: lines\.office\.password: .*SIPTAPI_T"):
        asyncio.run(credentials())


def test_a_file_is_read_elsewhere(tmp_path):
    async def main():
        path = tmp_path / "password"
        path.write_text("s3cret\n")
        credentials = LineCredentials(make_line(f'{{ file = "{path.as_posix()}" }}'))
        assert await credentials() == SECRET

    run(main)


def test_a_program_runs_once_for_all_calls_and_keeps_nobody_else_waiting(program):
    async def main():
        credentials = LineCredentials(make_line('{ command = "pass" }'))
        calls = [asyncio.ensure_future(credentials()) for _ in range(3)]
        await asyncio.sleep(0)
        calls[0].cancel()
        await asyncio.wait([calls[0]])
        assert calls[0].cancelled()
        program.finish.set()
        assert await asyncio.gather(*calls[1:], credentials()) == [SECRET] * 3
        assert program.runs == 1
        [thread] = program.threads
        assert thread is not threading.main_thread()
        assert thread.daemon

    run(main)


def test_a_program_that_failed_runs_again_for_the_next_call(program):
    async def main():
        program.finish.set()
        program.gives = SettingsError("the command pass failed with exit code 1")
        credentials = LineCredentials(make_line('{ command = "pass" }'))
        with pytest.raises(SettingsError, match=r"lines\.office\.password: the command pass"):
            await credentials()
        program.gives = "s3cret"
        assert await credentials() == SECRET
        assert program.runs == 2

    run(main)


def test_a_program_is_not_waited_for_at_the_end(program):
    async def main():
        credentials = LineCredentials(make_line('{ command = "pass" }'))
        reading = asyncio.ensure_future(credentials())
        await asyncio.sleep(0)
        reading.cancel()

    asyncio.run(main())  # returns, though the program still runs
    program.finish.set()
    for thread in program.threads:
        thread.join(10)  # and it finds no loop any more, which is no error
        assert not thread.is_alive()
