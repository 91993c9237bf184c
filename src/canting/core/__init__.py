"""Errors, files, cache keys, progress, parallel work, runtime: what every wing stands on."""
