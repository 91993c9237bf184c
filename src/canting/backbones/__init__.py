"""Backbones, their ImageNet weights, and the cut between frozen trunk and trainable tail."""
