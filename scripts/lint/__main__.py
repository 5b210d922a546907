"""`python -m scripts.lint`: the house's own rules, in a second or two."""

import sys

from scripts.lint.run import main

sys.exit(main())
