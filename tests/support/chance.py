"""The seed of this run's chance: drawn once for all its processes and told when something fails.

`SEED=4711 ./scripts/test tests/races` draws the same again (not the same timing).
"""

import os
import random

VARIABLE = "SEED"

SEED = int(os.environ.setdefault(VARIABLE, str(random.SystemRandom().randrange(10**6))))
"""Processes of the run inherit it by the environment."""
