"""The command `canting`, one module a command."""
