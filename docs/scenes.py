"""Two drawn scenes in the place of cameras, for the pictures of the README: an outfall, and somebody at a desk."""

import math
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = (640, 480)
FRAMES, FPS = 30, 15  # two seconds, played round and round


def outfall(moment: float) -> Image.Image:
    """A pipe that lets dark water into a river; `moment` runs from 0 to 1."""
    picture = Image.new("RGB", SIZE, (176, 196, 206))
    pen = ImageDraw.Draw(picture)
    for y in range(130):
        pen.line((0, y, 640, y), fill=(150 + y // 3, 176 + y // 4, 196 + y // 6))
    pen.polygon([(0, 118), (150, 92), (330, 112), (480, 86), (640, 108), (640, 190), (0, 190)], fill=(92, 118, 92))
    for y in range(180, 480):
        shade = (y - 180) / 300
        pen.line((0, y, 640, y), fill=(int(96 - 40 * shade), int(122 - 46 * shade), int(124 - 44 * shade)))
    for row in range(14):
        y = 200 + row * 20
        shift = math.tau * (moment + row * 0.13)
        for x in range(-40, 680, 90):
            left = x + 18 * math.sin(shift) + (row % 3) * 27
            pen.line((left, y, left + 34, y + 2), fill=(128, 152, 152), width=2)
    for step in range(60, 0, -1):  # the plume, darkest where it comes out
        spread = step / 60
        left, down = 215 + 150 * spread + 6 * math.sin(math.tau * (moment + spread)), 330 + 90 * spread
        dark = int(34 + 46 * spread)
        wide = 40 + 120 * spread
        pen.ellipse(
            (left - wide, down - 24 - 34 * spread, left + wide, down + 24 + 34 * spread), fill=(dark, dark, dark)
        )
    pen.polygon([(0, 168), (150, 196), (170, 300), (96, 420), (0, 480)], fill=(120, 112, 96))
    pen.rectangle((60, 236, 214, 306), fill=(140, 144, 146))
    pen.ellipse((190, 232, 244, 310), fill=(158, 162, 164))
    pen.ellipse((200, 244, 236, 300), fill=(30, 32, 34))
    pen.polygon([(206, 280), (232, 284), (252, 352), (206, 352)], fill=(44, 46, 44))
    return picture


def at_the_desk(moment: float) -> Image.Image:
    """Head and shoulders before a wall of screens."""
    picture = Image.new("RGB", SIZE, (26, 38, 50))
    pen = ImageDraw.Draw(picture)
    for column in range(4):
        for row in range(2):
            left, top = 16 + column * 156, 20 + row * 116
            pen.rectangle((left, top, left + 142, top + 100), fill=(34, 62 + 10 * row, 84 + 8 * column))
            high = 20 + 50 * abs(math.sin(math.tau * (moment + 0.2 * column + 0.4 * row)))
            pen.rectangle((left + 20, top + 90 - high, left + 40, top + 90), fill=(70, 180, 200))
    sway = 3 * math.sin(math.tau * moment)
    pen.rounded_rectangle((150 + sway, 330, 490 + sway, 560), 90, fill=(40, 66, 110))
    pen.rectangle((288 + sway, 280, 352 + sway, 350), fill=(196, 150, 124))
    pen.ellipse((236 + sway, 130, 404 + sway, 330), fill=(214, 168, 140))
    pen.pieslice((228 + sway, 112, 412 + sway, 300), 180, 360, fill=(32, 28, 28))
    return picture


def film(scene: Callable[[float], Image.Image], path: Path) -> Path:
    """Write a scene as YUV4MPEG2, which Chromium takes for a camera."""
    width, height = SIZE
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(FRAMES):
            light, *colours = scene(number / FRAMES).convert("YCbCr").split()
            file.write(b"FRAME\n" + light.tobytes())
            for one in colours:
                file.write(one.resize((width // 2, height // 2)).tobytes())
    return path
