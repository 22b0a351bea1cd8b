"""The control line: one dialer, used by programs outside its process (docs/control.md).

``server`` is the daemon's end, ``remote_dialer`` the other: a `siptapi_core.Dialer` whose commands
go over the line. ``vocabulary`` writes commands, replies and errors as plain data for JSON, for
whoever speaks JSON. ``place`` says where the daemon listens.

Nothing is imported here: the launcher of ``siptapi dial`` looks for a daemon before anything else.
"""
