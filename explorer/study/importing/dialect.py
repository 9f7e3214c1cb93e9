"""Which character separates the cells of a text table."""

import csv
import io
import re
from collections import Counter

CANDIDATES = ("\t", ";", "|", ",")
"""In order of trust: where two fit alike, the comma is more likely a decimal comma or part of a sentence."""

NAMES = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}

ONE_COLUMN = "\x1f"
"""Given as the delimiter of a table of one column: a character that does not occur."""

_SAMPLE_CHARACTERS = 2**20
_SAMPLE_ROWS = 200
_DECIMAL_COMMA = re.compile(r'"?[+-]?\d+,\d+"?')


def sniff(text: str, *, complete: bool, candidates: tuple[str, ...] = CANDIDATES) -> str:
    """The delimiter of a table whose beginning is ``text``; ``complete`` says that the beginning is all
    of it.

    The header and up to 200 rows are split at each candidate, quotes respected. A candidate fits when the
    header has
    two cells or more and every row as many. When none fits, the one that fits most rows is taken, so that
    the error
    can name the row that does not.
    """
    text = text[:_SAMPLE_CHARACTERS]
    best, best_share = ONE_COLUMN, 0.0
    for candidate in candidates:
        counts = _cell_counts(text, candidate, complete=complete)
        if not counts:
            continue
        rows = counts[1:] or counts
        usual, times = Counter(rows).most_common(1)[0]
        if counts[0] > 1:
            share = rows.count(counts[0]) / len(rows)
            if share == 1.0:
                return candidate
            share = max(share, 0.01)  # the header alone is already a reason
        else:
            # A title above the header, or a table of one column with decimal commas or sentences in it.
            share = 0.5 * times / len(rows) if usual > 1 and times > len(rows) / 2 else 0.0
            if candidate == "," and _only_decimal_commas(text):
                share = 0.0
        if share > best_share:
            best, best_share = candidate, share
    return best


def _cell_counts(text: str, delimiter: str, *, complete: bool) -> list[int]:
    counts: list[int] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if cells:
                counts.append(len(cells))
            if len(counts) > _SAMPLE_ROWS:
                return counts
    except csv.Error:  # a cell without end: judge what came before it
        return counts
    # The last row of a sample may have been cut.
    return counts if complete or len(counts) < 2 else counts[:-1]


def _only_decimal_commas(text: str) -> bool:
    lines = [line.strip() for line in text.splitlines()[1:_SAMPLE_ROWS]]
    return all(_DECIMAL_COMMA.fullmatch(line) for line in lines if "," in line)
