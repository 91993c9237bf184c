"""What can happen to a picture: plain functions, picture in, picture of the same size out."""
