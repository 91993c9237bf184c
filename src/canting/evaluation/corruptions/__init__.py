"""The winner on out-of-fold pictures that were changed on purpose."""
