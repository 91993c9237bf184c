"""The sections of the report, each made of what a run left."""
