"""What becomes of the colours of a view, and of its sharpness."""

from canting.config.sections import Features
from canting.features.drawn import Drawn, share
from canting.imaging.photometric import blur, contrast, gain, grey, invert, jpeg
from canting.imaging.pictures import Pixels


def coloured(picture: Pixels, drawn: Drawn, settings: Features) -> Pixels:
    """Change the colours: first which there are, then the light on them."""
    if share(drawn.grey) < settings.grey:
        picture = grey(picture)
    if share(drawn.invert) < settings.invert:
        picture = invert(picture)
    if settings.tint or settings.brightness:
        light = 1 + settings.brightness * drawn.brightness
        tints = (drawn.red, drawn.green, drawn.blue)
        picture = gain(picture, [light * (1 + settings.tint * tint) for tint in tints])
    if settings.contrast:
        picture = contrast(picture, 1 + settings.contrast * drawn.contrast)
    return picture


def stored(picture: Pixels, drawn: Drawn, settings: Features) -> Pixels:
    """Blur the picture and store it as JPEG."""
    if settings.blur:
        picture = blur(picture, settings.blur * share(drawn.blur))
    if settings.jpeg < 100:
        quality = settings.jpeg + (100 - settings.jpeg) * share(drawn.jpeg)
        picture = jpeg(picture, round(quality))
    return picture
