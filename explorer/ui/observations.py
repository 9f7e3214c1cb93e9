"""Single observations over HTTP: the card of the point under the pointer, and pictures, without a run of the page.

A study is found by a token that only a page which shows it has been told; no path comes in from outside.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from urllib.parse import urlencode

import numpy as np
import pandas as pd
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from explorer.errors import UserError
from explorer.study.study import Study
from explorer.study.times import written
from explorer.ui.describe import variable_labels
from explorer.ui.map.columns import drawing_order
from explorer.ui.thumbnails import thumbnail

_MOST_STUDIES = 16
_SIDE = 320
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
_KEPT = {**_HEADERS, "Cache-Control": "private, max-age=3600"}

_shown: OrderedDict[tuple[str, object], tuple[str, Study]] = OrderedDict()
_lock = threading.Lock()


def addresses(study: Study, stamped: object, fields: Sequence[str]) -> tuple[str, str]:
    """Where a drawn point's card and picture are found, with ``{row}`` for its number; the picture's may be empty."""
    key = (str(study.path), stamped)
    with _lock:
        token, _ = _shown.pop(key, (secrets.token_urlsafe(16), study))
        _shown[key] = (token, study)
        while len(_shown) > _MOST_STUDIES:
            _shown.popitem(last=False)
    query = urlencode([("field", name) for name in fields])
    base = f"/observations/{token}/{{row}}"
    return f"{base}/card?{query}", f"{base}/picture" if study.has_pictures else ""


def routes() -> list[Route]:
    """For the app's server."""
    return [
        Route("/observations/{token}/{drawn:int}/card", _card),
        Route("/observations/{token}/{drawn:int}/picture", _picture),
    ]


def _found(request: Request) -> tuple[Study, int] | None:
    with _lock:
        study = next((study for token, study in _shown.values() if token == request.path_params["token"]), None)
    if study is None:
        return None
    order = drawing_order(len(study))
    drawn = request.path_params["drawn"]
    return (study, int(order[drawn])) if drawn < len(order) else None


def _card(request: Request) -> Response:
    found = _found(request)
    if found is None:
        return PlainTextResponse("no such observation", 404, _HEADERS)
    study, row = found
    names = [name for name in request.query_params.getlist("field") if name in study.variables]
    picture = request.url.path.removesuffix("card") + "picture" if study.has_pictures else None
    return JSONResponse({**card(study, row, names), "picture": picture}, headers=_HEADERS)


def _picture(request: Request) -> Response:
    found = _found(request)
    try:
        content = None if found is None else thumbnail(*found, _SIDE)
    except UserError as error:
        return PlainTextResponse(str(error), 422, _HEADERS)
    if content is None:
        return PlainTextResponse("no picture", 404, _HEADERS)
    return Response(content, media_type="image/webp", headers=_KEPT)


def card(study: Study, row: int, names: Sequence[str]) -> dict[str, object]:
    """What the card of observation ``row`` says: a title, a line under it, the values of the variables ``names``."""
    said = variable_labels(study)
    own = str(study.ids[row])
    when = (
        ""
        if study.time is None
        else str(written(study.time[row : row + 1]).fillna("no date").iloc[0]).replace("T", " ")
    )
    if study.animal is None:
        title, rest = own, [when]
    else:
        animal = study.animal.iloc[row]
        title, rest = ("unknown animal" if pd.isna(animal) else str(animal)), [when, own]
    fields = []
    for name in names:
        try:
            value = study.values(name).iloc[row]
        except UserError:
            continue
        fields.append((said[name], _said(value, study.variables[name].unit)))
    return {"title": title, "subtitle": " · ".join(part for part in rest if part), "fields": fields}


def _said(value: object, unit: str | None) -> str:
    if pd.isna(value):
        return "missing"
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g} {unit or ''}".strip()
    return f"{value} {unit or ''}".strip()
