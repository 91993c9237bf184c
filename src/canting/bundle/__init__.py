"""The model as it is served; NumPy, Pillow, LiteRT and pydantic are all it needs."""
