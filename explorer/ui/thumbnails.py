"""Small pictures of observations."""

import io

from PIL import Image

from explorer.study.study import Study


def thumbnail(study: Study, row: int, side: int) -> bytes | None:
    """The picture of observation ``row`` as WebP, at most ``side`` pixels wide and high; None when it has none.

    Raises UserError when it cannot be read.
    """
    picture = study.picture(row)
    if picture is None:
        return None
    small = picture.convert("RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    small.save(stream, "WEBP", quality=80)
    return stream.getvalue()
