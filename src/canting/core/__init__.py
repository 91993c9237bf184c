"""What every stage stands on: parameters, errors, files, runtime, parallel work."""
