"""Recognise HEIC and AVIF, the pictures of phones, by content; nothing here decodes them."""

BRANDS = {
    *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"),
    *(b"mif1", b"msf1", b"avif", b"avis"),
}
"""Brands of such files (ISO/IEC 23008-12, B.4; AV1 Image File Format, 7)."""

LONGEST = 256
"""Bytes of the first box that are read."""


def is_heif(content: bytes) -> bool:
    """Return whether the first box names one of the brands (ISO/IEC 14496-12, 4.3)."""
    if content[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(content[:4]), LONGEST)
    named = {content[8:12]} | {content[place : place + 4] for place in range(16, end, 4)}
    return not named.isdisjoint(BRANDS)
