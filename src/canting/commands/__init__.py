"""The commands of `canting`, a module each: `add` declares it, and imports nothing heavy."""
