"""One module a migration; none is changed after it was published."""
