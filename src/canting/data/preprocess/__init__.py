"""Pictures as one array, and the folds."""
