"""``python -m coder_contract_tests`` is the command ``coder-contract``."""

from __future__ import annotations

import sys

from coder_contract_tests.cli import main

if __name__ == "__main__":
    sys.exit(main())
