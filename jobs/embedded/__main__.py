"""`python -m jobs.embedded --home DIR`."""

import sys

from jobs.embedded.command import main

if __name__ == "__main__":
    sys.exit(main())
