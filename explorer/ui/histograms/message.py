"""What Python says to the histograms on the page: names, counts and colours, small enough to go each time."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from explorer.space.bins import Bins
from explorer.space.filtering import filter_on
from explorer.space.histograms import Counts, bars_on, narrows
from explorer.space.projections import Projection
from explorer.study.study import Study
from explorer.ui.colouring import Colouring, groups, split_missing
from explorer.ui.describe import variable_labels
from explorer.ui.palette import Palette
from explorer.view import View


def message(
    study: Study,
    view: View,
    bins: Sequence[Bins],
    counts: Sequence[Counts],
    projection: Projection,
    colouring: Colouring | None,
    palette: Palette,
) -> dict[str, Any]:
    """The histograms of ``bins`` with their ``counts`` (in the same order), in the colours of the map."""
    said = variable_labels(study)
    plots = []
    for one, found in zip(bins, counts, strict=True):
        chosen = filter_on(view, one.variable)
        coloured = colouring is not None and one.variable == colouring.name
        plots.append(
            {
                "name": one.variable,
                "title": said[one.variable],
                "unit": study.variable(one.variable).unit or "",
                "categories": one.by_category,
                "cyclic": one.cyclic,
                "ends": one.ends,
                "spans": [bar.span for bar in one.bars],
                "labels": [bar.label for bar in one.bars],
                "gap": bool(one.bars) and one.bars[-1].missing,
                "still": [place for place, bar in enumerate(one.bars) if not bar.clickable],
                "placed": found.placed.tolist(),
                "passing": found.passing.tolist(),
                "selected": found.selected.tolist(),
                "on": bars_on(one, chosen),
                "filtered": narrows(one, chosen),
                "colours": _colours(one, colouring, projection, palette) if coloured and colouring else None,
            }
        )
    told: dict[str, Any] = {"plots": plots, "selecting": not view.selection.is_empty}
    told["version"] = hashlib.blake2b(orjson.dumps(told), digest_size=6).hexdigest()
    return told


def _colours(bins: Bins, colouring: Colouring, projection: Projection, palette: Palette) -> list[str]:
    """The colour of each bar on the map: of its category, or of the number in its middle."""
    rows = np.flatnonzero(projection.placed)
    if bins.by_category:
        known, _ = split_missing(colouring, rows)
        of = {group.value: group.colour for group in groups(colouring, known, palette, shapes_up_to=0)}
        return [palette.missing if bar.missing else of.get(bar.label, palette.missing) for bar in bins.bars]
    low, high = colouring.limits(rows)
    ramp = colouring.ramp(palette, 64)
    out = []
    for bar in bins.bars:
        if bar.low is None or bar.high is None:
            out.append(palette.missing)
            continue
        share = ((bar.low / 2 + bar.high / 2) - low) / max(high - low, 1e-300)
        out.append(ramp[int(np.clip(share * len(ramp), 0, len(ramp) - 1))])
    return out
