"""The pictures: fetched, validated, grouped by near-duplicates, decoded, shared out into folds."""
