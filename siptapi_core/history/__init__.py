"""Every call that was made or came, with its events: kept in SQLite, and safe from a crash."""

from siptapi_core.history.call_history import CallHistory, open_history

__all__ = ["CallHistory", "open_history"]
