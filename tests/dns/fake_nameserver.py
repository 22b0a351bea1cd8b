"""A DNS server that dnspython talks to without a socket: whole messages, over the wire format."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import dns.exception
import dns.flags
import dns.message
import dns.nameserver
import dns.rcode
import dns.rdatatype
import dns.rrset

from siptapi_core.dns import CachedDnsClient
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

SOA = "ns.example. admin.example. 1 3600 600 86400 {}"
LONGEST_CHAIN = 30


class FakeNameserver:
    """``records`` are ``{name: {type: [text, ...]}}``; a name of ``faults`` is never answered well.

    A fault is an rcode, such as SERVFAIL, or ``timeout``, ``truncated``, ``refused``, ``garbage``.
    ``asked`` are all questions, ``("SRV", "_sip._udp.example")``, with "/tcp" where it was asked
    over TCP.
    """

    def __init__(self, records=None, *, faults=None, ttl=300, negative_ttl=60):
        self.records = records or {}
        self.faults = faults or {}
        self.asked = []
        self._ttl = ttl
        self._negative_ttl = negative_ttl

    @contextmanager
    def serving(self) -> Iterator[CachedDnsClient]:
        """A client that has only this server to ask."""

        async def async_query(_self, request, **options):
            return await self.answer(request, options["timeout"], over_tcp=options["max_size"])

        target = dns.nameserver.Do53Nameserver
        with mock.patch.object(target, "async_query", async_query):
            yield CachedDnsClient(
                identifiers=CountingIdentifiers(), servers=[("127.0.0.1", 53)], timeout=0.02
            )

    async def answer(self, request, patience, *, over_tcp):
        (question,) = request.question
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((kind, f"{name}/tcp" if over_tcp else name))
        fault = self.faults.get(name)
        if fault == "timeout":
            await asyncio.sleep(patience)
            raise dns.exception.Timeout
        if fault == "refused":
            raise ConnectionRefusedError("connection refused")
        if fault == "garbage":
            raise dns.exception.FormError("no DNS message")
        if fault == "truncated":
            raise dns.message.Truncated(message=dns.message.make_response(request))
        response = dns.message.make_response(request)
        if fault is not None:
            response.set_rcode(dns.rcode.from_text(fault))
        else:
            self._fill(response, name, kind)
        return dns.message.from_wire(response.to_wire(max_size=65535), request_mac=b"")

    def _fill(self, response, name, kind):
        seen = []
        while name in self.records and "CNAME" in self.records[name] and name not in seen:
            seen.append(name)
            target = self.records[name]["CNAME"][0]
            response.answer.append(
                dns.rrset.from_text(f"{name}.", self._ttl, "IN", "CNAME", target)
            )
            name = target.removesuffix(".").lower()
        found = self.records.get(name, {}).get(kind)
        if found:
            response.answer.append(dns.rrset.from_text(f"{name}.", self._ttl, "IN", kind, *found))
        elif name not in seen:
            if name not in self.records:
                response.set_rcode(dns.rcode.NXDOMAIN)
            if self._negative_ttl is not None:
                soa = SOA.format(self._negative_ttl)
                response.authority.append(
                    dns.rrset.from_text(".", self._negative_ttl, "IN", "SOA", soa)
                )
