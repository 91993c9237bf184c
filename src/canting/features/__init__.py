"""What the frozen trunk of a backbone answers for every picture and every view of it."""
