"""The settings of a loss or a miner as they are given: by name, each a plain value of the type that it asks for."""

import inspect
import types
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from explorer.errors import UserError
from explorer.learning.recipe import Option

_STRICT = ConfigDict(allow_inf_nan=False)
_PLAIN = {float: "a number", int: "a whole number", bool: "true or false", str: "a word", type(None): "none"}


def option_types(kind: Callable[..., object], fixed: Collection[str] = ()) -> dict[str, Any]:
    """The settings of ``kind`` that a plain value can set, with their types, without those that are ``fixed``."""
    hints = get_type_hints(kind.__init__ if inspect.isclass(kind) else kind)
    return {
        name: hints[name]
        for name in inspect.signature(kind).parameters
        if name in hints and name not in fixed and _told(hints[name]) is not None
    }


def read_options(
    what: str, kind: Callable[..., object], given: Mapping[str, Option], fixed: Collection[str] = ()
) -> dict[str, Option]:
    """``given`` as ``kind`` takes them: text becomes a number, true or false, or none, where that is asked for.

    what: the name of ``kind``, for the complaint. Raises UserError for a setting that there is not, naming those that
    there are, and for a value of another type.
    """
    known = option_types(kind, fixed)
    read: dict[str, Option] = {}
    for name, value in given.items():
        if name not in known:
            raise UserError(
                f"the {what} has no option {name!r}", how=f"Its options are: {', '.join(known)}" if known else None
            )
        plain = None if value == "none" and type(None) in get_args(known[name]) else value
        try:
            read[name] = TypeAdapter(known[name], config=_STRICT).validate_python(plain)
        except ValidationError:
            raise UserError(
                f"the option {name!r} of the {what} cannot be {value!r}", how=f"Give {_told(known[name])}"
            ) from None
    return read


def _told(hint: Any) -> str | None:
    """A type in words; None for one that no plain value is of."""
    if get_origin(hint) is Literal:
        return " or ".join(str(one) for one in get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        parts = [_told(one) for one in get_args(hint)]
        return None if None in parts else " or ".join(str(one) for one in parts)
    return _PLAIN.get(hint)
