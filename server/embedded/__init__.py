"""PostgreSQL and a Redis-compatible server for one data folder, run as children of this process.

For development, tests, the demo and small single-machine shops: `Engines(data).start()` gives the two addresses.
Larger installations point the settings at servers of their own and never import this package.
"""

from .engines import Addresses, Engine, Engines, addresses, running, set_aside
from .processes import EngineError

__all__ = ["Addresses", "Engine", "EngineError", "Engines", "addresses", "running", "set_aside"]
