"""The names of what is decided, and of who decides."""

import getpass
import unicodedata

from explorer.errors import UserError

MOST_CHARACTERS = 80


def checked_name(name: str, what: str = "the name") -> str:
    """``name`` without spaces around it and in Unicode's composed form, so that what looks the same is the same.

    Raises UserError, about ``what``, unless it has 1 to 80 characters, none of them a control character.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        raise UserError(f"{what} holds a control character or a line break", how="Leave it out")
    if not 1 <= len(name) <= MOST_CHARACTERS:
        raise UserError(f"{what} has {len(name):,} characters", how=f"Use 1 to {MOST_CHARACTERS}")
    return name


def checked_who(who: str | None) -> str:
    """Who decides: ``who``, checked like a name, or else the user that the operating system names.

    Where it names none, "unknown". Raises UserError as ``checked_name`` does.
    """
    if who is not None:
        return checked_name(who, "the name of who decides")
    try:
        return checked_name(getpass.getuser())
    except (OSError, KeyError, ImportError, UserError):  # no user database, no such user, no name one can write
        return "unknown"
