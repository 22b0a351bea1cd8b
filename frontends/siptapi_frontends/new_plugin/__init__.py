"""``siptapi plugins new``: a package of its own for each kind of plugin, whose tests pass at once.

The templates beside this file are what the author of a plugin begins with; ``{{name}}`` and its
like stand for what the user called it.
"""
