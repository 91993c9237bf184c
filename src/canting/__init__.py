"""A pipeline from a folder of labelled pictures to a classifier that its owner can trust."""
