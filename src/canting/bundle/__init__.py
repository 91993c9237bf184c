"""The model as it is served; NumPy, Pillow with HEIC, LiteRT and pydantic are all it needs."""
