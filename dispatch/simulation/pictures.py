"""Drawn pictures for the demo and the simulation: simple scenes, before and after, each labelled as an example."""

import io
import random
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (800, 600)  # enough for a thumbnail and a look
# Debian's fonts-noto-cjk; without it the label stands in Latin letters.
FONTS = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/truetype/noto/NotoSansCJK-Regular.ttc"),
)
LABEL, PLAIN_LABEL = "示例照片", "SAMPLE PHOTO"
LABEL_TOP = 556
WATER, STREET = "water", "street"
SKY, GROUND = (205, 219, 230), (168, 160, 148)
# What lies on the ground of a scene before it is put right: colour and shape.
MATTER: dict[str, tuple[tuple[int, int, int], str]] = {
    "rubbish": ((94, 103, 84), "heap"),
    "clutter": ((140, 106, 74), "boxes"),
    "road": ((74, 72, 70), "hole"),
    "slope": ((122, 92, 66), "heap"),
    "water": ((92, 110, 82), "floats"),
    "green": ((176, 168, 120), "floats"),
    "smoke": ((128, 130, 134), "clouds"),
    "car": ((88, 104, 130), "cars"),
    "stall": ((170, 96, 74), "boxes"),
    "site": ((66, 118, 140), "boards"),
    "wall": ((196, 178, 90), "papers"),
    "wire": ((40, 44, 50), "wires"),
    "pipe": ((96, 146, 178), "puddle"),
    "tree": ((84, 96, 60), "log"),
    "house": ((150, 132, 116), "boards"),
    "animal": ((150, 124, 92), "floats"),
}
_NOTHING = ((120, 128, 138), "papers")


def place_of(scene: str) -> str:
    """Where the scene plays: its place without the trouble."""
    return WATER if scene == WATER else STREET


def draw(scene: str, *, after: bool, dice: random.Random) -> io.BytesIO:
    """A JPEG of a scene with the trouble in it, or of the same place put right."""
    image = Image.new("RGB", SIZE, SKY)
    pen = ImageDraw.Draw(image)
    _place(pen, scene, dice)
    if not after:
        colour, shape = MATTER.get(scene, _NOTHING)
        for _piece in range(dice.randrange(4, 8)):
            _SHAPES[shape](pen, dice.randrange(180, 600), dice.randrange(380, 520), colour, dice)
    image.paste(_label(), (0, LABEL_TOP))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=78)
    out.seek(0)
    return out


def _place(pen: ImageDraw.ImageDraw, scene: str, dice: random.Random) -> None:
    """Sky, houses, ground: a street, or a river bank."""
    for left in range(0, SIZE[0], 160):
        top = dice.randrange(120, 240)
        wall = dice.randrange(176, 214)
        pen.rectangle((left, top, left + 150, 330), fill=(wall, wall - 6, wall - 16))
        for window in range(left + 18, left + 130, 42):
            pen.rectangle((window, top + 24, window + 22, top + 58), fill=(120, 140, 158))
    ground, way = ((126, 158, 172), (150, 176, 188)) if scene == WATER else (GROUND, (148, 146, 142))
    pen.rectangle((0, 330, *SIZE), fill=ground)
    pen.polygon([(250, 330), (550, 330), (800, 600), (0, 600)], fill=way)


def _heap(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    wide = dice.randrange(60, 150)
    pen.pieslice((x - wide, y - wide // 2, x + wide, y + wide // 2), 180, 360, fill=_near(colour, dice))


def _boxes(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    size = dice.randrange(40, 90)
    pen.rectangle((x, y - size, x + size, y), fill=_near(colour, dice), outline=(60, 50, 40))


def _hole(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    wide = dice.randrange(30, 90)
    pen.ellipse((x - wide, y - wide // 3, x + wide, y + wide // 3), fill=_near(colour, dice))


def _floats(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    for _piece in range(6):
        left, top = x + dice.randrange(-90, 90), y + dice.randrange(-40, 40)
        pen.ellipse((left, top, left + 26, top + 12), fill=_near(colour, dice))


def _clouds(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    for step in range(5):
        wide = 30 + step * 12
        top = y - 60 - step * 50
        pen.ellipse((x - wide, top, x + wide, top + wide), fill=_near(colour, dice))


def _cars(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    paint = _near(colour, dice)
    pen.rectangle((x, y - 36, x + 150, y), fill=paint)
    pen.rectangle((x + 30, y - 66, x + 110, y - 36), fill=paint)
    for wheel in (x + 18, x + 104):
        pen.ellipse((wheel, y - 14, wheel + 28, y + 14), fill=(40, 40, 40))


def _boards(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    lean = dice.randrange(-30, 30)
    pen.polygon([(x, y), (x + 80, y), (x + 80 + lean, y - 110), (x + lean, y - 110)], fill=_near(colour, dice))


def _papers(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    top = y - dice.randrange(120, 260)
    pen.rectangle((x, top, x + 44, top + 58), fill=_near(colour, dice), outline=(90, 84, 60))


def _wires(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    pen.line([(x, 60), (x + 40, 240), (x + dice.randrange(-80, 120), y)], fill=_near(colour, dice), width=6)


def _puddle(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    wide = dice.randrange(80, 200)
    pen.ellipse((x - wide, y - wide // 5, x + wide, y + wide // 5), fill=_near(colour, dice))


def _log(pen: ImageDraw.ImageDraw, x: int, y: int, colour: tuple[int, int, int], dice: random.Random) -> None:
    pen.line([(x - 160, y), (x + 160, y - dice.randrange(0, 90))], fill=_near(colour, dice), width=26)


_SHAPES = {
    "heap": _heap, "boxes": _boxes, "hole": _hole, "floats": _floats, "clouds": _clouds, "cars": _cars,
    "boards": _boards, "papers": _papers, "wires": _wires, "puddle": _puddle, "log": _log,
}  # fmt: skip


def _near(colour: tuple[int, int, int], dice: random.Random) -> tuple[int, ...]:
    return tuple(max(0, min(255, part + dice.randrange(-18, 18))) for part in colour)


@cache
def _label() -> Image.Image:
    """The strip at the foot of every picture; the letters take longer than all the rest."""
    strip = Image.new("RGB", (SIZE[0], SIZE[1] - LABEL_TOP), (28, 39, 51))
    pen = ImageDraw.Draw(strip)
    font_file = next((file for file in FONTS if file.is_file()), None)
    if font_file is None:
        pen.text((20, 10), PLAIN_LABEL, fill=(255, 255, 255), font=ImageFont.load_default(24))
    else:
        pen.text((20, 4), LABEL, fill=(255, 255, 255), font=ImageFont.truetype(str(font_file), 26))
    return strip
