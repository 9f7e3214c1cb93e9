"""The one error a user is meant to read."""


class UserError(Exception):
    """Something the user can mend, told in one line: what is wrong, where, and how to mend it.

    The command line prints it and exits with 2; the app shows it in a box. Neither shows a traceback.
    The parts are kept so that a page can lay them out. ``row`` counts data rows from 1.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        how: str | None = None,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(what, where, how, row, column)
        self.what = what
        self.where = where
        self.how = how
        self.row = row
        self.column = column

    def __str__(self) -> str:
        sentence = _without_stop(self.what)
        row = f"row {self.row:,}" if self.row is not None else None
        column = f"column {self.column}" if self.column is not None else None
        place = ", ".join(part for part in (self.where, row, column) if part)
        if place:
            sentence = f"{place}: {sentence}"
        return f"{sentence}. {_without_stop(self.how)}." if self.how else f"{sentence}."

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.what, self.where, self.how, self.row, self.column)


def _without_stop(sentence: str) -> str:
    """``sentence`` without its full stop; three dots are no full stop."""
    return sentence if sentence.endswith("...") else sentence.removesuffix(".")


def _rebuild(what: str, where: str | None, how: str | None, row: int | None, column: str | None) -> UserError:
    return UserError(what, where=where, how=how, row=row, column=column)
