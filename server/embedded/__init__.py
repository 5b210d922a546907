"""PostgreSQL and a Redis-compatible server for one data folder, run as children of this process.

For development, tests, the demo and small shops on one machine: `Engines(data).start()` returns the two addresses.
Larger installations point the settings at their own servers and never import this package.
"""

from .engines import Addresses, Engine, Engines, addresses, running, set_aside
from .processes import EngineError

__all__ = ["Addresses", "Engine", "EngineError", "Engines", "addresses", "running", "set_aside"]
