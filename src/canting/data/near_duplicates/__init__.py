"""Near-duplicates: groups of pictures that no split may separate.

Two pictures are near-duplicates if one becomes the other by quarter turns, mirroring, cropping
(up to 20 % of each side; often more is found), resizing with or without a change of aspect,
re-encoding, or several of these. Each picture is decoded once and compared only with those
nearest to it, so time grows as n log n: about 12 ms a picture to read and up to 20 ms to compare
on one core. About 0.4 kB a picture stay in memory, 37 kB a picture lie in files without a name.

What it may miss: a single deep crop of a fine, exactly repeating pattern (its neighbours look the
same, so key points disagree), and a crop of an almost structureless picture. Flat pictures join
only if they are equal. Two shots of one scene from almost the same place may join, as they should.
"""

from canting.data.near_duplicates.groups import group, leaked

__all__ = ["group", "leaked"]
