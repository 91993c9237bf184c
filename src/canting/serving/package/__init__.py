"""The Bento of a bundle."""
