"""A file of changes to `params.yaml`, run as one experiment."""
