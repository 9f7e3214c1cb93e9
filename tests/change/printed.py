"""What a PDF says, page by page."""

import io

from pypdf import PdfReader


def pages_of(content: bytes) -> list[str]:
    """The words of each page, one blank between two."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


def size_of(content: bytes) -> tuple[float, float]:
    """Width and height of the first page in points."""
    box = PdfReader(io.BytesIO(content)).pages[0].mediabox
    return float(box.width), float(box.height)
