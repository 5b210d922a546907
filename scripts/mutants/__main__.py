"""`python -m scripts.mutants`: plants the listed defects one after the other and says which ones the tests notice."""

import sys

from scripts.mutants.run import main

sys.exit(main(sys.argv[1:]))
