"""Kamailio as registrar and proxy of one domain: digest, Record-Route, loose routing, forking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lab import kamailio_presence
from lab.addresses import PORT
from lab.programs import Program, read_texts, require

DOMAIN = "office.test"
REALM = "voip.test"
"""Not the domain, as with most providers."""

_CONFIG = """\
#!KAMAILIO
log_stderror=yes
# One worker keeps the order of messages. With two, an ACK may be passed on after the REFER that
# followed it, and baresip, which takes that ACK for the callee's answer, notifies 200 too soon.
children=1
tcp_children=1
tcp_connection_lifetime={idle_seconds}
auto_aliases=no
disable_tcp={without_tcp}
enable_tls={with_tls}
{listens}
alias="{domain}"

loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "htable.so"
loadmodule "sipdump.so"
{tls}
{nat_module}
{presence}
modparam("auth", "algorithm", "{algorithm}")
modparam("htable", "htable", "passwords=>size=4;")
modparam("registrar", "max_contacts", 10)
modparam("sipdump", "enable", 1)
modparam("sipdump", "mode", 1)
modparam("sipdump", "wait", 10000)
modparam("sipdump", "folder", "{folder}")

event_route[htable:mod-init] {{
{passwords}
}}

request_route {{
  force_rport();
{mark_contact}
  if (!mf_process_maxfwd_header("70")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (is_method("CANCEL")) {{
    if (t_check_trans()) {{ t_relay(); }}
    exit;
  }}
{presence_route}
  if (has_totag()) {{ route(IN_DIALOG); exit; }}
  if (is_method("ACK")) {{ exit; }}
  if (t_precheck_trans()) {{ t_check_trans(); exit; }}
  t_check_trans();
  if (is_method("REGISTER")) {{ route(REGISTER); exit; }}
  if (is_method("INVITE")) {{ route(AUTHENTICATE); }}
  {record_route}
{static}
  if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
  t_relay();
}}

route[IN_DIALOG] {{
  if (loose_route()) {{
{follow_mark}
{in_dialog_challenge}
    if ($rd == "{domain}") {{ lookup("location"); }}
    t_relay();
    exit;
  }}
  if (is_method("ACK")) {{
    if (t_check_trans()) {{ t_relay(); }}
    exit;
  }}
  sl_send_reply("404", "Not Here");
}}

route[AUTHENTICATE] {{
  if ($au == $null || !pv_proxy_authenticate("{realm}", "$sht(passwords=>$au)", "0")) {{
    proxy_challenge("{realm}", "1");
    exit;
  }}
  consume_credentials();
}}

route[REGISTER] {{
  if ($au == $null || !pv_www_authenticate("{realm}", "$sht(passwords=>$au)", "0")) {{
    www_challenge("{realm}", "1");
    exit;
  }}
  if ($au != $tU) {{ sl_send_reply("403", "Not Your Account"); exit; }}
  save("location");
}}
"""
_TLS = """\
loadmodule "tls.so"
modparam("tls", "certificate", "{certificate}")
modparam("tls", "private_key", "{certificate}")
modparam("tls", "tls_method", "TLSv1.2+")
"""
_WANTS_CERTIFICATES = """\
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 1)
modparam("tls", "ca_list", "{authority}")
"""
_MARK_CONTACT = '  if (nat_uac_test("19") && is_first_hop()) { set_contact_alias(); }'
_CHALLENGE_REFER = '    if (is_method("REFER")) { route(AUTHENTICATE); }'


class Kamailio(Program):
    """A running Kamailio.

    ``passwords`` by user; ``static`` are phones that do not register, ``host:port`` by user;
    ``algorithm`` is that of the challenges; ``challenge_refer`` asks for credentials within the
    dialog too; ``listens`` are further places to listen at, as Kamailio's ``listen`` has them
    (``tcp:127.0.0.2:5060``, ``udp:[::1]:5070``, ``tls:...``); ``certificate`` is the file with its
    certificate and key, for TLS; who connects must then show one of ``client_authority``, if that
    file is given; ``idle_seconds`` is how long it keeps an idle connection;
    ``handles_nat`` says whether it sends to where packets came from instead of to a Contact,
    ``record_routes`` whether it stays on the way once a dialog is made. With ``watchable`` it tells
    subscribers of its users' dialogs, who must subscribe for ``shortest_subscription`` seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str,
        passwords: Mapping[str, str],
        static: Mapping[str, str] | None = None,
        algorithm: str = "MD5",
        challenge_refer: bool = False,
        listens: Sequence[str] = (),
        certificate: Path | None = None,
        client_authority: Path | None = None,
        idle_seconds: int = 120,
        handles_nat: bool = False,
        record_routes: bool = True,
        watchable: bool = False,
        shortest_subscription: int = 0,
    ) -> None:
        path = require("kamailio", package="kamailio")
        self.host = host
        (folder / "run").mkdir(parents=True)
        (folder / "kamailio.cfg").write_text(
            _CONFIG.format(
                listens="\n".join(f"listen={place}" for place in (f"udp:{host}:{PORT}", *listens)),
                idle_seconds=idle_seconds,
                without_tcp="no" if listens else "yes",
                with_tls="yes" if certificate else "no",
                tls=(_TLS.format(certificate=certificate) if certificate else "")
                + (
                    _WANTS_CERTIFICATES.format(authority=client_authority)
                    if client_authority
                    else ""
                ),
                domain=DOMAIN,
                realm=REALM,
                algorithm=algorithm,
                folder=folder,
                nat_module='loadmodule "nathelper.so"' if handles_nat else "",
                presence=kamailio_presence.modules(host, shortest_subscription)
                if watchable
                else "",
                presence_route=kamailio_presence.ROUTE if watchable else "",
                record_route="record_route();" if record_routes else "",
                mark_contact=_MARK_CONTACT if handles_nat else "",
                follow_mark="    handle_ruri_alias();" if handles_nat else "",
                in_dialog_challenge=_CHALLENGE_REFER if challenge_refer else "",
                passwords="\n".join(
                    f'  $sht(passwords=>{user}) = "{password}";'
                    for user, password in passwords.items()
                ),
                static="\n".join(
                    f'  if ($rU == "{user}") {{ $du = "sip:{place}"; t_relay(); exit; }}'
                    for user, place in (static or {}).items()
                ),
            ),
            encoding="utf-8",
        )
        super().__init__(
            [
                *(path, "-f", "kamailio.cfg", "-DD", "-E", "-m", "32", "-M", "4"),
                *("-w", ".", "-Y", "./run", "-P", "./run/kamailio.pid"),
            ],
            folder=folder,
            host=host,
        )

    @property
    def uri(self) -> str:
        """The proxy as a setting names it."""
        return f"sip:{self.host}:{PORT}"

    def trace(self) -> str:
        """The log, then every message that came and went."""
        return super().trace() + read_texts(*self.folder.glob("kamailio-sipdump-*.data"))
