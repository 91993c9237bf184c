"""Labels that look wrong: confident learning, conflicts of near-duplicates, outliers."""
