"""A map of some observations only: the part of an embedding that a view looks into."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explorer.errors import UserError
from explorer.study.embeddings import Embedding
from explorer.study.fingerprint import hash_json


def part_of(embedding: Embedding, members: npt.NDArray[np.bool_], name: str) -> Embedding:
    """``embedding`` with vectors for ``members`` only, bool (n,); all others have none, and so no place on its maps.

    Its fingerprint follows from that of ``embedding`` and from who the members are. Raises UserError when no member
    has a vector.
    """
    kept = members & embedding.complete
    if not kept.any():
        raise UserError(f"no observation of {name!r} has a vector in {embedding.name!r}", how="Go back to all")
    vectors = np.full(embedding.vectors.shape, np.nan, dtype=np.float32)
    vectors[kept] = embedding.vectors[kept]
    return replace(
        embedding,
        vectors=vectors,
        fingerprint=hash_json([embedding.fingerprint, np.packbits(kept).tobytes().hex(), len(kept)]),
        members=members,
    )
