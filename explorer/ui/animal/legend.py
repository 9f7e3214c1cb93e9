"""The legend of all charts of an animal: a line or two above them, so that each chart can be small."""

from collections.abc import Sequence

from explorer.ui.animal.course import Beside
from explorer.ui.animal.marks import ALERT
from explorer.ui.animal.trajectory import FIRST, OTHER, faint
from explorer.ui.palette import Palette
from explorer.ui.plain import for_html

_BAND = 0.4  # how much of a band's colour is seen


def legend_html(colours: Palette, beside: Beside | None, *, frozen: bool = False, others: Sequence[str] = ()) -> str:
    """What lines, bands and marks mean; ``beside``: who the animal is compared with; ``frozen``: whether what its first
    visits let expect is drawn; ``others``: methods whose alerts are marked too."""
    text, accent, other = colours.text, colours.accent, colours.categories[OTHER]
    rows = [
        (_sign("●", text), "measured"),
        (_sign("○", text), "still learning"),
        (_line(accent, "dashed"), "expected of it"),
        (_box(accent), "its own band (95 %)"),
        (_box(colours.missing), "the herd's at its age, season and stage (95 %)"),
        (_sign("▼", ALERT) + _sign("▲", ALERT), "alert, below or above"),
        (_sign("◇", ALERT), "alert of tasks together"),
        (_sign("◆", colours.missing), "event"),
    ]
    if frozen:
        first = colours.categories[FIRST]
        rows.append((_line(first, "dashed") + " " + _line(first, "dotted"), "frozen baseline and its band (95 %)"))
    if others:
        rows.append((_sign("■", text), f"alert by {for_html(', '.join(others))}, below the chart"))
    if beside is not None:
        shape = _box(other) if "low" in beside.visits else _line(other, "dotted")
        rows.append((shape, for_html(beside.name)))
    items = "".join(f'<span style="white-space:nowrap">{shape} {said}</span>' for shape, said in rows)
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:2px 16px;font-size:.8rem;opacity:.9">'
        f"{items}<span>lines break where a gap is long</span></div>"
    )


def _sign(sign: str, colour: str) -> str:
    return f'<span aria-hidden="true" style="color:{colour}">{sign}</span>'


def _box(colour: str) -> str:
    return _bar(f"height:10px;background:{faint(colour, _BAND)}")


def _line(colour: str, how: str) -> str:
    return _bar(f"border-top:2px {how} {colour};vertical-align:middle")


def _bar(style: str) -> str:
    return f'<span aria-hidden="true" style="display:inline-block;width:18px;{style}"></span>'
