"""The audit log: what was done, by whom, to what, with which outcome.

`resources` says which fields of which records are tracked, `operations` which operations are
audited as what, `recorder` writes the entries from what a transaction changed.
"""
