"""The dialer: calls, fallback from strategy to strategy, lines; commands in, events out."""

from siptapi_core.dialer.assembly import open_daemon, open_dialer
from siptapi_core.dialer.local_dialer import LocalDialer

__all__ = ["LocalDialer", "open_daemon", "open_dialer"]
