"""``python -m siptapi_frontends.cli``: the same as ``siptapi``, where no script is at hand."""

from __future__ import annotations

import sys

from siptapi_frontends.cli.launcher import main

sys.exit(main())
