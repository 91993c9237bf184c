"""A folder of labelled pictures in, a classifier out that its owner can trust."""
