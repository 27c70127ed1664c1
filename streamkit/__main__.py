"""``python -m streamkit`` is the command ``streamkit``."""

import sys

from .edges.cli import main

sys.exit(main())
