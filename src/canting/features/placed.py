"""Where each point of a view comes from."""

from canting.config.sections import Features
from canting.features.drawn import Drawn, share
from canting.imaging.geometry import Matrix, cropped, moved, scaled, sheared, tilted, turned


def placed(drawn: Drawn, settings: Features, size: tuple[int, int]) -> Matrix:
    """Return the one matrix of all geometry; `size` is height and width.

    The share of a crop is drawn evenly on a logarithmic scale: each enlargement is as likely.
    """
    tilt = settings.perspective * drawn.perspective_x, settings.perspective * drawn.perspective_y
    crop = settings.crop ** share(drawn.crop)
    return (
        cropped(crop, drawn.crop_x, drawn.crop_y, size)
        @ moved(settings.shift * drawn.shift_x * size[1], settings.shift * drawn.shift_y * size[0])
        @ turned(settings.rotation * drawn.rotation)
        @ sheared(settings.shear * drawn.shear)
        @ scaled(1 + settings.zoom * drawn.zoom_x, 1 + settings.zoom * drawn.zoom_y)
        @ tilted(*tilt, size)
        @ _mirrored(drawn, settings)
    )


def _mirrored(drawn: Drawn, settings: Features) -> Matrix:
    return scaled(
        -1.0 if settings.horizontal_flip and drawn.mirrored < 0 else 1.0,
        -1.0 if settings.vertical_flip and drawn.upside_down < 0 else 1.0,
    )
