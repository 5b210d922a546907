"""`python -m scripts.mutants`: plants the listed defects one by one and reports which ones the tests notice."""

import sys

from scripts.mutants.run import main

sys.exit(main(sys.argv[1:]))
