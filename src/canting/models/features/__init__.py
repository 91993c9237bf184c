"""What the frozen trunk of a backbone answers for every view of every picture."""
