"""What a Coder provisioner would make of a template: reads archives, evaluates, plans builds.

Pure functions over bytes and mappings: nothing here knows HTTP, a store, or another package of
the server. `archive` unpacks, `hcl` parses, `evaluate` imports and plans, `parameters` resolves
and checks build parameters, `logs`, `timings` and `state` word what a job leaves behind.
"""

from __future__ import annotations
