"""Pictures from other people."""

import contextlib
import io
import random

import pytest
from PIL import Image

from server.drawing.photos import NotAPicture, avatar, opened


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_usual_kinds_open(kind: str) -> None:
    found = opened(saved(Image.new("RGB", (30, 20), (200, 30, 30)), kind))
    assert (found.mode, found.size) == ("RGB", (30, 20))


def test_what_can_be_seen_through_is_put_on_white() -> None:
    found = opened(saved(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "PNG"))
    assert found.getpixel((1, 1)) == (255, 255, 255)


def test_a_photo_is_turned_as_its_camera_said() -> None:
    image = Image.new("RGB", (30, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(saved(image, "JPEG", exif=exif)).size == (20, 30)


@pytest.mark.parametrize("body", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", saved(Image.new("RGB", (9, 9)), "GIF")])
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(NotAPicture):
        opened(body)


def test_half_a_picture_is_refused_and_a_changed_one_breaks_nothing() -> None:
    whole = saved(Image.effect_noise((64, 64), 80).convert("RGB"), "PNG")
    with pytest.raises(NotAPicture):
        opened(whole[: len(whole) // 2])
    chance = random.Random(7)
    for _ in range(200):
        changed = bytearray(whole)
        changed[chance.randrange(8, len(whole))] ^= 1 << chance.randrange(8)
        with contextlib.suppress(NotAPicture):  # it may still be a valid picture; no other error may be raised
            assert opened(bytes(changed)).mode == "RGB"


def test_a_small_file_with_a_huge_picture_is_refused() -> None:
    bomb = saved(Image.new("1", (8000, 8000)), "PNG")
    assert len(bomb) < 20_000
    with pytest.raises(NotAPicture, match="too many pixels"):
        opened(bomb)


def test_an_avatar_is_a_small_square_without_its_files_past() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    body = avatar(saved(Image.effect_noise((900, 500), 80).convert("RGB"), "JPEG", exif=exif), 256)
    made = Image.open(io.BytesIO(body))
    assert (made.format, made.size) == ("WEBP", (256, 256))
    assert b"where I live" not in body
    assert not made.getexif()
