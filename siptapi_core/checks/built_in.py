"""The checks that need no more than the core, in the order in which they are shown."""

from __future__ import annotations

from siptapi_core.checks.clock import check_clock
from siptapi_core.checks.credentials import check_credentials, check_secrets
from siptapi_core.checks.dns_chain import check_dns
from siptapi_core.checks.nat import check_nat
from siptapi_core.checks.notify import check_notify
from siptapi_core.checks.phone import check_registration
from siptapi_core.checks.reachability import check_reachability
from siptapi_core.checks.refer import check_refer
from siptapi_core.checks.settings_file import check_config
from siptapi_core.checks.surroundings import check_history, check_plugins, check_ports
from siptapi_core.checks.tls_handshake import check_tls
from siptapi_core.contracts import Check

BUILT_IN = (
    Check(
        name="config", summary="the settings, and those of plugins", run=check_config, of_line=False
    ),
    Check(name="plugins", summary="what was not loaded", run=check_plugins, of_line=False),
    Check(name="ports", summary="the sockets for SIP", run=check_ports, of_line=False),
    Check(
        name="history", summary="whether past calls can be read", run=check_history, of_line=False
    ),
    Check(name="secrets", summary="whether the password can be read", run=check_secrets),
    Check(name="dns", summary="each step from the domain to addresses", run=check_dns),
    Check(
        name="reachability",
        summary="whether each address answers, on its transport",
        run=check_reachability,
    ),
    Check(name="tls", summary="the certificate: name, dates, authority", run=check_tls),
    Check(name="credentials", summary="user, password and realm", run=check_credentials),
    Check(name="registration", summary="whether the phone can be reached", run=check_registration),
    Check(name="refer", summary="whether proxy and phone allow REFER", run=check_refer),
    Check(name="notify", summary="whether the phone reports how calls go", run=check_notify),
    Check(name="nat", summary="where others see us", run=check_nat),
    Check(name="clock", summary="our time and the servers'", run=check_clock),
)
"""... and a front end adds its own by the hook."""
