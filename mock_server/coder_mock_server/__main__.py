"""`python -m coder_mock_server` is `coder-mock`."""

from __future__ import annotations

import sys

from coder_mock_server.cli import main

sys.exit(main())
