"""Kamailio as presence server: its settings for telling watchers of users' dialogs (RFC 4235).

The dialog module follows each INVITE, pua_dialoginfo publishes what it sees, and the presence
modules of the same Kamailio turn that into NOTIFYs: all in memory.
"""

from __future__ import annotations

from lab.addresses import PORT

_MODULES = """\
loadmodule "db_text.so"
loadmodule "dialog.so"
loadmodule "presence.so"
loadmodule "presence_dialoginfo.so"
loadmodule "pua.so"
loadmodule "pua_dialoginfo.so"
modparam("dialog", "dlg_flag", 4)
# Both want tables, though all is kept in memory; those that Debian ships are empty.
modparam("presence|pua", "db_url", "text://{tables}")
modparam("presence", "subs_db_mode", 0)
modparam("presence", "publ_cache", 2)
modparam("presence", "server_address", "sip:{host}:{port}")
modparam("presence", "min_expires", {shortest_subscription})
modparam("pua", "outbound_proxy", "sip:{host}:{port}")
modparam("pua_dialoginfo", "override_lifetime", 600)
"""
ROUTE = """\
  if (is_method("PUBLISH") && src_ip == myself) { handle_publish(); exit; }
  if (is_method("SUBSCRIBE")) {
    route(AUTHENTICATE);
    handle_subscribe();
    exit;
  }
  if (is_method("INVITE") && !has_totag()) { setflag(4); }
"""
_TABLES = "/usr/share/kamailio/dbtext/kamailio"


def modules(host: str, shortest_subscription: int) -> str:
    """The modules for a server at ``host``; a shorter subscription is refused with 423."""
    return _MODULES.format(
        tables=_TABLES, host=host, port=PORT, shortest_subscription=shortest_subscription
    )
