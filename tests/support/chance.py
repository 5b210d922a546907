"""The random seed of this run: drawn once for all its processes and printed when a test fails.

`SEED=4711 ./scripts/test tests/races` repeats the random choices (not the timing).
"""

import os
import random

VARIABLE = "SEED"

SEED = int(os.environ.setdefault(VARIABLE, str(random.SystemRandom().randrange(10**6))))
"""The run's processes inherit it through the environment."""
