"""Studies: files of changes to `params.yaml`, each checked, written and run as one experiment."""
