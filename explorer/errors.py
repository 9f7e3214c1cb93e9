"""The one error a user is meant to read."""


class UserError(Exception):
    """Something the user can mend, told in one line: what is wrong, where, and how to mend it.

    The command line prints it and exits with 2; the app shows it in a box. Neither shows a traceback.
    The parts are kept so that a page can lay them out.
    """

    def __init__(self, what: str, *, where: str | None = None, how: str | None = None) -> None:
        super().__init__(what, where, how)
        self.what = what
        self.where = where
        self.how = how

    def __str__(self) -> str:
        sentence = self.what.rstrip(".")
        if self.where:
            sentence = f"{self.where}: {sentence}"
        return f"{sentence}. {self.how.rstrip('.')}." if self.how else f"{sentence}."

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.what, self.where, self.how)


def _rebuild(what: str, where: str | None, how: str | None) -> UserError:
    return UserError(what, where=where, how=how)
