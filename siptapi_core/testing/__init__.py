"""Public helpers for the tests of SIPTAPI and of plugins: fakes, and a network in memory."""

from siptapi_core.testing.resolver_contract import ResolverContract as ResolverContract
from siptapi_core.testing.strategy_contract import StrategyContract as StrategyContract
