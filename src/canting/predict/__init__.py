"""`canting predict`: a table of answers for files and folders; LiteRT is the only engine needed."""
