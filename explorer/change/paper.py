"""Printed pages: places in points from the upper left corner, words that fit, shapes that need no colour to be read."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

Paper = Literal["A4", "letter"]

PAPERS: tuple[Paper, ...] = get_args(Paper)

MARGIN = 36.0
"""In points (half an inch), which every printer keeps clear."""

BLACK, DARK, MIDDLE, LIGHT, PALE = 0.0, 0.32, 0.55, 0.8, 0.91
"""Greys, 0 black to 1 white; words are never lighter than ``DARK``."""

_SIZES: dict[Paper, tuple[float, float]] = {"A4": (595.28, 841.89), "letter": (612.0, 792.0)}
_FONTS = {False: "Roboto", True: "Roboto-Bold"}
_FILES = {"Roboto": "Roboto-Regular.ttf", "Roboto-Bold": "Roboto-Bold.ttf"}
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_LEADING = 1.28  # line height over the size of the letters
_DOTS_AN_INCH = 220


@cache
def _font(bold: bool) -> Any:
    """The typeface that ships beside this file (Roboto 2.138, Apache License 2.0): Latin, Greek, Cyrillic."""
    name = _FONTS[bold]
    font = TTFont(name, str(Path(__file__).parent / "fonts" / _FILES[name]))
    pdfmetrics.registerFont(font)
    return font


def printable(words: object) -> str:
    """``words`` on one line, with a mark for each character that the typeface does not have."""
    known = _font(False).face.charToGlyph
    return "".join(one if ord(one) in known else _UNKNOWN for one in " ".join(str(words).split()))


def width_of(words: str, size: float, *, bold: bool = False) -> float:
    """Width of one line in points."""
    return float(_font(bold).stringWidth(printable(words), size))


def shortened(words: str, width: float, size: float, *, bold: bool = False) -> str:
    """``words``, cut with an ellipsis where they are wider than ``width``."""
    words = printable(words)
    if width_of(words, size, bold=bold) <= width:
        return words
    while words and width_of(words + "…", size, bold=bold) > width:
        words = words[:-1]
    return words.rstrip() + "…"


def lines_of(words: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """``words`` broken into lines of at most ``width``; a word that is wider is broken too."""
    lines: list[str] = []
    for word in printable(words).split():
        together = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(together, size, bold=bold) <= width:
            lines[-1] = together
            continue
        while width_of(word, size, bold=bold) > width and len(word) > 1:
            fits = next(
                n for n in range(len(word) - 1, 0, -1) if n == 1 or width_of(word[:n], size, bold=bold) <= width
            )
            lines.append(word[:fits])
            word = word[fits:]
        lines.append(word)
    return lines


@dataclass(frozen=True)
class Box:
    """A rectangle on the page: upper left corner, width and height, in points."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height

    def columns(self, shares: Sequence[float], gap: float = 12.0) -> list["Box"]:
        """Side by side, ``gap`` apart, as wide as ``shares`` say."""
        free = self.width - gap * (len(shares) - 1)
        boxes, left = [], self.left
        for share in shares:
            width = free * share / sum(shares)
            boxes.append(Box(left, self.top, width, self.height))
            left += width + gap
        return boxes


class Sheet:
    """A document that is drawn page by page. The same strokes give the same bytes: it knows no clock."""

    def __init__(self, paper: Paper, *, title: str, subject: str) -> None:
        self.width, self.height = _SIZES[paper]
        self._stream = io.BytesIO()
        self._canvas = Canvas(self._stream, pagesize=_SIZES[paper], invariant=1, lang="en")
        self._canvas.setTitle(title)
        self._canvas.setSubject(subject)
        self._canvas.setCreator("Latent Explorer")
        self._canvas.setAuthor("Latent Explorer")
        for bold in (False, True):
            _font(bold)

    @property
    def inner(self) -> Box:
        """What lies within the margins."""
        return Box(MARGIN, MARGIN, self.width - 2 * MARGIN, self.height - 2 * MARGIN)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 8.5,
        bold: bool = False,
        grey: float = BLACK,
        align: Literal["left", "middle", "right"] = "left",
    ) -> None:
        """One line whose letters stand on ``y``."""
        words = printable(words)
        x -= {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * width_of(words, size, bold=bold)
        self._canvas.setFont(_FONTS[bold], size)
        self._canvas.setFillGray(grey)
        self._canvas.drawString(x, self.height - y, words)

    def paragraph(
        self,
        box: Box,
        words: str,
        *,
        size: float = 8.5,
        bold: bool = False,
        grey: float = BLACK,
        most: int | None = None,
    ) -> float:
        """``words`` from the top of ``box``, in lines of its width, at most ``most`` of them; returns where it ends."""
        lines = lines_of(words, box.width, size, bold=bold)
        if most is not None and len(lines) > most:
            last = shortened(f"{lines[most - 1]} {lines[most]}…", box.width, size, bold=bold)
            lines = [*lines[: most - 1], last]
        y = box.top
        for line in lines:
            self.text(box.left, y + size, line, size=size, bold=bold, grey=grey)
            y += size * _LEADING
        return y

    def line(
        self,
        points: Sequence[tuple[float, float]],
        *,
        width: float = 0.6,
        grey: float = BLACK,
        dashes: Sequence[float] = (),
    ) -> None:
        """A line through ``points``."""
        if len(points) < 2:
            return
        self._stroke(width, grey, dashes)
        path = self._canvas.beginPath()
        path.moveTo(points[0][0], self.height - points[0][1])
        for x, y in points[1:]:
            path.lineTo(x, self.height - y)
        self._canvas.drawPath(path, stroke=1, fill=0)

    def area(self, points: Sequence[tuple[float, float]], *, grey: float, edge: float | None = None) -> None:
        """A filled shape with the corners ``points``; ``edge`` is the grey of its outline, if it has one."""
        self._canvas.setFillGray(grey)
        if edge is not None:
            self._stroke(0.6, edge, ())
        path = self._canvas.beginPath()
        path.moveTo(points[0][0], self.height - points[0][1])
        for x, y in points[1:]:
            path.lineTo(x, self.height - y)
        path.close()
        self._canvas.drawPath(path, stroke=int(edge is not None), fill=1)

    def rectangle(self, box: Box, *, grey: float, edge: float | None = None) -> None:
        """A filled rectangle."""
        corners = [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]
        self.area(corners, grey=grey, edge=edge)

    def dot(self, x: float, y: float, radius: float, *, grey: float = BLACK, hollow: bool = False) -> None:
        """A round mark; a hollow one has white inside nothing but a ring."""
        self._canvas.setFillGray(grey)
        self._stroke(0.7, grey, ())
        self._canvas.circle(x, self.height - y, radius, stroke=int(hollow), fill=int(not hollow))

    def label(self, x: float, y: float, words: str, *, size: float = 7.5) -> float:
        """White words on black, such as NEW; returns where it ends."""
        width = width_of(words, size, bold=True) + 0.9 * size
        self.rectangle(Box(x, y - size * 0.98, width, size * 1.32), grey=BLACK)
        self.text(x + 0.45 * size, y, words, size=size, bold=True, grey=1.0)
        return x + width

    def picture(self, box: Box, image: Image.Image) -> None:
        """``image`` as large as ``box`` allows, in its middle; no finer than a printer shows."""
        scale = min(box.width / image.width, box.height / image.height)
        width, height = image.width * scale, image.height * scale
        dots = (int(width / 72 * _DOTS_AN_INCH), int(height / 72 * _DOTS_AN_INCH))
        small = image.convert("RGB")
        if small.width > dots[0]:
            small = small.resize((max(1, dots[0]), max(1, dots[1])), Image.Resampling.LANCZOS)
        left, top = box.left + (box.width - width) / 2, box.top + (box.height - height) / 2
        self._canvas.drawImage(ImageReader(small), left, self.height - top - height, width, height)
        self._stroke(0.5, MIDDLE, ())
        self._canvas.rect(left, self.height - top - height, width, height, stroke=1, fill=0)

    def turn(self) -> None:
        """Go on with the next page."""
        self._canvas.showPage()

    def content(self) -> bytes:
        """The document as a PDF; nothing can be drawn afterwards."""
        self._canvas.showPage()
        self._canvas.save()
        return self._stream.getvalue()

    def _stroke(self, width: float, grey: float, dashes: Sequence[float]) -> None:
        self._canvas.setLineWidth(width)
        self._canvas.setStrokeGray(grey)
        self._canvas.setDash(list(dashes))
