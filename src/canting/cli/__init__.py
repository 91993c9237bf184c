"""The command `canting`, one module a command."""

from canting.core.errors import end_quietly

end_quietly()  # first: the imports that follow take a second
