"""The search for a good setting, by nested cross-validation, with a ledger of what it costs."""
