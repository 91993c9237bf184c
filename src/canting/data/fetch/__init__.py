"""Bring labelled pictures from wherever they are to `build/raw/<label>/<file>`."""
