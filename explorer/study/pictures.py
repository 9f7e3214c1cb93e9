"""Pictures of observations: files inside the study, or bytes in its table. Opened with care."""

import io
from pathlib import Path, PurePosixPath, PureWindowsPath

from PIL import Image, UnidentifiedImageError

from explorer.errors import UserError

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
"""The only decoders that are tried: the rarer ones have a history of bombs."""

MAX_PIXELS = 64_000_000
"""Checked from the header, before decoding."""


def inside(folder: Path, relative: str, *, where: str | None = None) -> Path:
    """``relative`` as a path inside ``folder``.

    Raises UserError, naming ``where``, for an absolute path, for ``..`` and for a link that leads outside.
    """
    windows, posix = PureWindowsPath(relative), PurePosixPath(relative)
    parts = PurePosixPath(relative.replace("\\", "/")).parts
    if not relative or posix.is_absolute() or windows.drive or windows.root or ".." in parts or "\0" in relative:
        raise UserError(
            f"the path {relative[:200]!r} does not lie inside the study",
            where=where,
            how="Use a path inside its folder",
        )
    path = folder.joinpath(*parts)
    try:
        stays = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # links that lead in a circle
        stays = False
    if not stays:
        raise UserError(f"the path {relative[:200]!r} is a link that leads out of the study", where=where)
    return path


def decode(source: Path | bytes, *, where: str) -> Image.Image:
    """The picture in a file or in bytes, decoded. Raises UserError naming ``where`` when it is none."""
    try:
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        with Image.open(stream, formats=FORMATS) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                raise UserError(
                    f"the picture has {width} x {height} pixels, more than {MAX_PIXELS // 1_000_000} million",
                    where=where,
                    how="Scale it down",
                )
            opened.load()
            return opened.copy()
    except FileNotFoundError:
        raise UserError("the picture's file is missing", where=where, how="Put it back at that path") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        if isinstance(error, UnidentifiedImageError):
            reason = "not a JPEG, PNG, WebP, TIFF, BMP or GIF"
        raise UserError(f"the picture cannot be decoded ({reason})", where=where, how="Export it again") from None
