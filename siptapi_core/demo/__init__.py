"""A small proxy and simulated phones: SIPTAPI's demo, and the far end of many of its tests."""

from siptapi_core.demo.endings import Ending
from siptapi_core.demo.open_demo import Demo, open_demo

__all__ = ["Demo", "Ending", "open_demo"]
