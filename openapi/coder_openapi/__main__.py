"""`python -m coder_openapi` is the command `coder-openapi`."""

from __future__ import annotations

import sys

from .cli import main

sys.exit(main())
