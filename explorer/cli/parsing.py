"""Reading what was typed: the parser, what every command has, numbers within bounds."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.view import View


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise it as a UserError."""
        raise UserError(message, how=f"{self.prog} --help says more")


def command(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], int],
    does: str,
    *,
    study: Literal["required", "optional", "none"] = "required",
) -> argparse.ArgumentParser:
    """A new command among ``commands`` that calls ``run``; most take the folder of a study first."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=does, description=does.capitalize() + ".")
    parser.set_defaults(run=run)
    optional = {"nargs": "?"} if study == "optional" else {}
    if study != "none":
        parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study", **optional)  # type: ignore[arg-type]
    return parser


WRITTEN = ("out", "retrieval_out", "divergences", "searches", "changed")
"""The options that name what a command writes."""


def check_written(options: argparse.Namespace) -> None:
    """Refuse what a command may not write, before it begins: a part of a study, and one file by two options."""
    named: dict[Path, str] = {}
    for name in WRITTEN:
        path: Path | None = getattr(options, name, None)
        if path is None:
            continue
        from explorer.study.own_files import refuse_own

        refuse_own(path)
        option = f"--{name.replace('_', '-')}"
        if (first := named.setdefault(path.resolve(), option)) != option:
            raise UserError(f"{first} and {option} name the same file", how="Give two names")


def whole(what: str, low: int, high: int) -> Callable[[str], int]:
    """The argparse type of a whole number from ``low`` to ``high``; ``what`` it is, for the complaint."""

    def read(text: str) -> int:
        if not text.isdecimal() or len(text) > len(str(high)) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what} ({low} to {high})")
        return int(text)

    return read


def share(text: str) -> float:
    """The argparse type of a number from 0 to 1."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return found


def positive(text: str) -> float:
    """The argparse type of a finite number above 0."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return found


def setting(text: str) -> tuple[str, str]:
    """The argparse type of ``NAME=VALUE``."""
    name, _, value = text.partition("=")
    if not name or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def view_asked(given: str) -> "View":
    """The view that an address, or the part after its '?', describes; a misspelt part would select other rows."""
    import difflib
    from urllib.parse import parse_qsl

    from explorer.view import PARAMETERS, from_query

    query = dict(parse_qsl(given.partition("?")[2] or given, keep_blank_values=True))
    for name in query:
        if name not in PARAMETERS:
            close = difflib.get_close_matches(name, PARAMETERS, n=1)
            raise UserError(
                f"{name!r} is no part of a view",
                how=f"Write {close[0]}=..." if close else "Copy the part after '?' of the app's address",
            )
    return from_query(query)


seed = whole("a seed", 0, 2**31 - 1)
