"""Abstention: how unlike the training pictures a picture may be, fixed on out-of-fold pictures."""
