"""What nobody handles in the daemon's loop is one line of its log, and who leaks is named."""

from __future__ import annotations

import asyncio

from dialer_bench import RecordingLogger
from test_daemon import ANYBODY, Bench, run

from siptapi_core.commands import ShowStatus
from siptapi_core.dialer import process_figures


def test_what_a_callback_raises_is_logged_in_one_line_with_its_place(tmp_path):
    logger = RecordingLogger()

    def breaks():
        raise ZeroDivisionError("oops")

    async def during(daemon):
        daemon._logger = logger
        loop = asyncio.get_running_loop()
        loop.call_soon(breaks)
        loop.call_exception_handler({"message": "out of files\nTraceback"})
        await asyncio.sleep(0)

    run(Bench(tmp_path), during)
    handled = [values["why"] for _, event, values in logger.lines if "why" in values]
    assert handled[0] == ""
    assert handled[1].startswith("ZeroDivisionError: oops (test_daemon_unhandled.py, line ")
    assert logger.events[0] == "out of files"


def test_a_plugin_with_too_many_tasks_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(process_figures, "MOST_TASKS", 3)

    async def leak():
        await asyncio.sleep(3600)

    async def during(daemon):
        daemon._plugins = {__name__: "leaky"}
        tasks = [asyncio.create_task(leak()) for _ in range(4)]
        warnings = (await daemon.dialer.execute(ShowStatus(), ANYBODY)).warnings
        assert "the plugin 'leaky' has 4 tasks under way: it seems to leak them" in warnings
        tasks.pop().cancel()
        await asyncio.sleep(0)
        warnings = (await daemon.dialer.execute(ShowStatus(), ANYBODY)).warnings
        assert not any("leak" in warning for warning in warnings)
        for task in tasks:
            task.cancel()

    run(Bench(tmp_path), during)
