"""Which variables act on a simulated herd."""

from collections.abc import Collection
from dataclasses import dataclass, fields

from explorer.errors import UserError


@dataclass(frozen=True)
class Effects:
    """For each variable, whether it acts on pictures, labels and latent truth. Its column stays either way."""

    season: bool = True
    age: bool = True
    camera: bool = True
    parity: bool = True
    breed: bool = True
    episodes: bool = True


VARIABLES = tuple(field.name for field in fields(Effects))


def effects_without(without: Collection[str]) -> Effects:
    """All effects but those named. Raises UserError for a name that is none of ``VARIABLES``."""
    unknown = sorted(set(without) - set(VARIABLES))
    if unknown:
        raise UserError(f"a herd cannot be simulated without {unknown[0]!r}", how=f"Choose from {', '.join(VARIABLES)}")
    return Effects(**{name: name not in without for name in VARIABLES})
