"""What scores on the same folds say: intervals, comparisons, effects of factors."""
