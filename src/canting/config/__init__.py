"""`params.yaml` as frozen types, and the catalogue of names that it may use."""

from canting.core.errors import end_quietly

end_quietly()  # first: the imports that follow take a second
