"""The winner in other formats, each compared with float32 on out-of-fold pictures."""
