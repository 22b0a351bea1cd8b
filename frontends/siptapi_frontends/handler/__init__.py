"""``siptapi handler``: telephone links of other programs, on each desktop.

`link_command` is what a desktop starts for a link; `freedesktop`, `windows` and `macos` say it to
theirs; `dialog` is how a program without a terminal asks and tells.
"""
