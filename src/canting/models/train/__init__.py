"""Every scenario on every fold."""
