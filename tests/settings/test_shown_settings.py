from __future__ import annotations

from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import parse
from siptapi_core.settings.showing import show

SETTINGS = """
default_line = "office"

[defaults]
strategies = ["refer-via-proxy"]

[history]
keep_days = 30

[numbers]
region = "AT"

[[numbers.rewrites]]
match = "^0"
replace = "+"

[lines.office]
domain = "pbx.example"
user = "200"
password = "do not show me"
outbound_proxy = "192.0.2.1"

[frontends.http]
simple_door = true

[frontends.of-somebody]
key = "do not show me"

[[observers.webhooks.targets]]
url = "https://do:not@crm.example:8080/show-me?at=all"
secret = { env = "DO_NOT_SHOW_ME" }
"""


def test_shown_is_what_the_file_says_in_so_many_words_and_no_secret():
    shown = show(parse(SETTINGS), load_plugins(files=(), third_party=False))
    numbers = {"region": "AT", "rewrites": [{"match": "^0", "replace": "+"}]}
    assert shown == {
        "default_line": "office",
        "history": {"keep_days": 30},
        "lines": {
            "office": {
                "domain": "pbx.example",
                "user": "200",
                "password": "<secret>",
                "outbound_proxy": "192.0.2.1",
                "numbers": numbers,
            }
        },
        "frontends": {"http": {"simple_door": True}},
        "observers": {
            "webhooks": {"targets": [{"url": "https://crm.example:8080/...", "secret": "<secret>"}]}
        },
    }
