"""Which columns are measured features: many numbers with names of one pattern."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence

from explorer.study.embeddings import match_features
from explorer.study.importing.names import CYCLES, SCORE_WORDS, TASK_WORDS, normal, unit_of, words
from explorer.study.importing.profile import Profile

ENOUGH = 8
"""Fewer columns of one pattern are rather variables."""

_UNIT_WORDS = {"kg", "g", "mm", "cm", "m", "days", "years", "pct", "l", "ml", "dl", "id", "date"}


def feature_groups(profiles: Sequence[Profile], taken: Container[str]) -> dict[str, str]:
    """The feature columns among ``profiles``, each with its reason.

    Columns with a common beginning and a number (``p_1`` to ``p_512``), or a common first or last word
    (``..._N``); else all fractional numbers, when there are eight or more and none is named like a
    measurement.
    """
    numbers = [profile for profile in profiles if profile.holds == "numbers" and profile.name not in taken]
    groups: dict[str, list[str]] = defaultdict(list)
    fractional: list[str] = []
    for profile in numbers:
        numbered = re.fullmatch(r"(.*\D)?(\d+)", profile.name)
        if numbered:
            groups[f"{numbered.group(1) or ''}*"].append(profile.name)
            continue
        if not profile.fractional:
            continue
        fractional.append(profile.name)
        before, mark, after = profile.name.rpartition("_")
        if mark and before and after.lower() not in _UNIT_WORDS:
            groups[f"*_{after}"].append(profile.name)
        first, mark, rest = profile.name.partition("_")
        if mark and rest:
            groups[f"{first}_*"].append(profile.name)
    out: dict[str, str] = {}
    for pattern, names in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        if len(names) >= ENOUGH and not _measured(pattern.strip("*_")):
            for name in names:
                out.setdefault(name, f"one of {len(names):,} numbers named {pattern}")
    if not out:
        plain = [name for name in fractional if unit_of(name) is None and not _measured(name)]
        if len(plain) >= ENOUGH:
            out = dict.fromkeys(plain, f"one of {len(plain):,} columns of measured numbers")
    return out


def _measured(name: str) -> bool:
    """Whether a name says what was measured, so that the column can stand for itself."""
    return bool(words(name) & (TASK_WORDS | SCORE_WORDS | {"age"})) or normal(name) in CYCLES


def feature_patterns(features: Iterable[str], columns: Sequence[str]) -> tuple[str, ...]:
    """The shortest list of patterns that match ``features`` and no other of ``columns``."""
    wanted = list(features)
    if not wanted:
        return ()
    candidates: dict[str, None] = {}
    for name in wanted:
        numbered = re.fullmatch(r"(.*\D)\d+", name)
        if numbered:
            candidates[f"{_escaped(numbered.group(1))}*"] = None
        before, mark, after = name.rpartition("_")
        if mark and before:
            candidates[f"*_{_escaped(after)}"] = None
        first, mark, rest = name.partition("_")
        if mark and rest:
            candidates[f"{_escaped(first)}_*"] = None
    left = dict.fromkeys(wanted)
    out: list[str] = []
    covers = {pattern: match_features(columns, [pattern]) for pattern in candidates}
    for pattern, names in sorted(covers.items(), key=lambda pair: -len(pair[1])):
        if len(names) > 1 and all(name in wanted for name in names) and any(name in left for name in names):
            out.append(pattern)
            for name in names:
                left.pop(name, None)
    return (*out, *(_escaped(name) for name in left))


def _escaped(name: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", name)
