"""``python -m caqes_analysis``: prepares the environment when needed, then runs an action or the ``caqes`` command."""

import sys

from caqes_analysis.bootstrap import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
