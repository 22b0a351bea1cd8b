"""The one cached DNS client that resolvers share."""

from siptapi_core.dns.client import CachedDnsClient as CachedDnsClient
