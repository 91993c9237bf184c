"""Pages of the documentation that are made from the code, when the documentation is built."""
