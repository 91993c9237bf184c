"""`params.yaml` as frozen types, and the catalogue of names that it may use."""
