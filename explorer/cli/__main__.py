"""``python -m explorer.cli`` is ``latent-explorer``."""

import sys

from explorer.cli import main

sys.exit(main())
