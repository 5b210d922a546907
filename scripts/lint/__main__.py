"""`python -m scripts.lint`: checks the project's own rules in a few seconds."""

import sys

from scripts.lint.run import main

sys.exit(main())
