"""The command line. `siptapi_frontends.cli.commands` is the plugin that offers its commands.

Nothing is imported here: the launcher must handle Ctrl-C first.
"""
