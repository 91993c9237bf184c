"""What a person should know of a picture beside the answer."""

from PIL import Image


def notes(image: Image.Image, size: tuple[int, int]) -> tuple[str, ...]:
    """Return machine words for a decoded picture that goes into a model of `size`.

    `animated`: of several frames only the first was looked at. `small`: the picture has less than
    half the model's height or width.
    """
    animated = getattr(image, "is_animated", False) and image.format != "MPO"
    small = image.height < size[0] / 2 or image.width < size[1] / 2
    found = {"animated": animated, "small": small}
    return tuple(name for name, is_so in found.items() if is_so)
