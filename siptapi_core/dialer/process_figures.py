"""What this process has of the system, for whoever looks for leaks."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import Counter
from collections.abc import Mapping

from siptapi_core.plugin_loading.catalog import owner_of

MOST_TASKS = 1000
"""Those of a plugin beyond which it is said to leak them."""


def process_figures() -> dict[str, int]:
    """Tasks and threads; on Linux open files, sockets included, and resident memory in KiB."""
    figures = {"tasks": len(asyncio.all_tasks()), "threads": threading.active_count()}
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # as cheap as can be
            pages = int(file.read().split()[1])
        files = os.listdir("/proc/self/fd")  # noqa: PTH208  # as above
        figures["open files"] = len(files) - 1  # without the folder itself
        figures["resident KiB"] = pages * os.sysconf("SC_PAGE_SIZE") // 1024
    return figures


def leaking_plugins(plugins: Mapping[str, str]) -> list[str]:
    """A sentence for each of ``plugins``, as `PluginCatalog.modules` has them, that leaks tasks."""
    tasks = Counter(
        owner_of(_module(task), plugins) for task in asyncio.all_tasks() if not task.done()
    )
    return [
        f"the plugin {plugin!r} has {count} tasks under way: it seems to leak them"
        for plugin, count in tasks.items()
        if plugin and count > MOST_TASKS
    ]


def _module(task: asyncio.Task[object]) -> str:
    frame = getattr(task.get_coro(), "cr_frame", None)
    return "" if frame is None else str(frame.f_globals.get("__name__"))
