"""Forms and files, parsed within limits."""
