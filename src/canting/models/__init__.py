"""Backbones, augmentation, features, training, tuning, export."""
