"""Where the facts are kept: tables of frozen records, transactions, snapshots."""
