"""Which model is the champion, decided by the statistics and kept in a log in the repository."""
