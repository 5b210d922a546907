"""Opens pictures from other people: only common formats, of limited size, rotated as their metadata say."""

import io
import warnings

from PIL import Image, ImageOps

_KINDS = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS = 24_000_000


class NotAPicture(ValueError):  # noqa: N818 - it describes the input, not a failure of ours
    """The bytes are not a picture in an accepted format and size."""


def opened(body: bytes) -> Image.Image:
    """Return the picture in RGB, with transparent parts on white. Raises NotAPicture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what `_MOST_PIXELS` refuses, and of odd metadata
            picture = Image.open(io.BytesIO(body), formats=_KINDS)
            if picture.width * picture.height > _MOST_PIXELS:
                raise NotAPicture("too many pixels")
            turned = ImageOps.exif_transpose(picture).convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise NotAPicture(str(error)) from error
    ground = Image.new("RGB", turned.size, (255, 255, 255))
    ground.paste(turned, mask=turned)
    return ground


def photo(body: bytes, most_px: int) -> bytes:
    """Return a WebP of at most `most_px` a side, without the file's metadata. Raises NotAPicture."""
    out, picture = io.BytesIO(), opened(body)
    picture.thumbnail((most_px, most_px))
    picture.save(out, "WEBP", quality=84)
    return out.getvalue()


def avatar(body: bytes, side_px: int) -> bytes:
    """Return a square WebP of the picture's middle, without the file's metadata. Raises NotAPicture."""
    out = io.BytesIO()
    ImageOps.fit(opened(body), (side_px, side_px)).save(out, "WEBP", quality=82)
    return out.getvalue()
