"""The service and what goes with it: predictions of files, drift, the Bento."""
