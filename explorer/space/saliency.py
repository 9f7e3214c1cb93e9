"""Which background variables shape an embedding: what each explains, alone and beside the others, against chance."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.engine import parts_of
from explorer.errors import UserError
from explorer.space.association import Association, association
from explorer.space.bootstrap import Interval
from explorer.space.designs import Bools, Design, Floats, design_of
from explorer.space.distance_correlation import distance_correlation
from explorer.space.group_ridge import one_thread
from explorer.space.label_tests import PERMUTATIONS, LabelTest, Report, label_test
from explorer.space.permanova import Permanova
from explorer.space.probes import Probe, probe
from explorer.space.task_directions import in_time
from explorer.space.task_values import units_of
from explorer.space.varying import How, Varying
from explorer.study.embeddings import FEATURES, Embedding
from explorer.study.study import Study

FEWEST = 10
"""Observations with a vector and a value that a variable needs."""


@dataclass(frozen=True, eq=False)
class VariableSaliency:
    """What one variable has to do with the vectors of the ``n`` observations that have it, of ``animals`` (or None).

    ``r2``: the share of the vectors' variance that it explains; ``conditional``: what it explains beyond all other
    variables, in which missing is a category of its own; ``shared``: the difference, below 0 where it explains more
    once the others are known. Both with 95 % intervals over animals (``Permanova``). ``test``: p values and the null,
    by shuffles as ``how`` says; ``between``: the share of the variable that lies between animals (``Varying``).
    ``distance_correlation``: bias-corrected and squared, of ``distance_rows`` observations.
    """

    name: str
    label: str
    n: int
    missing: int
    animals: int | None
    r2: Interval
    conditional: Interval
    how: How
    between: float
    test: LabelTest
    distance_correlation: float
    distance_rows: int
    probe: Probe

    @property
    def shared(self) -> float:
        """What it explains that others could explain as well."""
        return self.r2.value - self.conditional.value


@dataclass(frozen=True, eq=False)
class Saliency:
    """All variables, those that explain most first; how they hang together; what was left out, in sentences."""

    variables: tuple[VariableSaliency, ...]
    association: Association
    remarks: tuple[str, ...]
    observations: int
    permutations: int
    seed: int


def saliency_of(
    study: Study,
    embedding: Embedding,
    *,
    variables: Sequence[str] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    report: Report | None = None,
) -> Saliency:
    """What ``variables`` (by default all background variables) have to do with ``embedding``.

    A variable gets the same p, distance correlation and probe whichever others are asked for; intervals and p follow
    from ``seed``. Observations without a vector take no part, nor do those without a value in what is said of that
    variable; both are counted. Raises UserError when nothing is left, and for a variable that was asked for by name
    and cannot be read or used.
    """
    wanted = [name for name, one in study.variables.items() if one.role == "background"]
    wanted = list(dict.fromkeys(variables)) if variables is not None else wanted
    if not wanted:
        raise UserError(f"{study.name} has no background variables", how="Describe some in study.toml, or name tasks")
    order = in_time(study)
    order = order[embedding.complete[order]]
    x = np.asarray(embedding.vectors[order], dtype=np.float64)
    units = units_of(study)[order]
    remarks = [*embedding.remarks, *_about_rows(study, embedding, order)]
    designs: dict[str, Design] = {}
    for name in wanted:
        try:
            design = design_of(name, study.values(name).iloc[order], study.variable(name))
        except UserError as error:
            if variables is not None:
                raise
            remarks.append(f"{name} was left out: {error}")
            continue
        few = int(design.known.sum()) < FEWEST
        if few or not design.varies:
            why = f"fewer than {FEWEST} observations with a vector have it" if few else "it does not vary"
            remarks.append(f"{name} was left out: {why}")
            continue
        designs[name] = design
        if not design.known.all():
            remarks.append(
                f"{name} is missing in {int((~design.known).sum()):,} of {len(order):,} observations: they take no "
                "part in what is said of it; beside the other variables, missing is one of its categories"
            )
    if not designs:
        raise UserError(f"no variable of {study.name} can be analysed", how="; ".join(remarks) or "Name others")
    if not float(x.var(axis=0).sum()) > 0:
        raise UserError(f"all vectors of {embedding.name!r} are the same, so there is nothing to explain")
    blocks = {name: _block(design) for name, design in designs.items()}
    parts = parts_of(report, [1, *([4, 2, 1] * len(designs))])
    with one_thread():
        shares = _shares(designs, blocks, x, units, seed)
        found = [
            _one(study, design, x, units, shares[name], permutations, seed, parts[1 + 3 * place :][:3])
            for place, (name, design) in enumerate(designs.items())
        ]
    if report:
        report(1.0, "done")
    found.sort(key=lambda one: -one.r2.value)
    return Saliency(tuple(found), association(designs, blocks), tuple(remarks), len(order), permutations, seed)


def _one(
    study: Study,
    design: Design,
    x: Floats,
    units: np.ndarray,
    shares: tuple[Interval, Interval],
    permutations: int,
    seed: int,
    reports: Sequence[Report | None],
) -> VariableSaliency:
    known = design.known
    varying = Varying(design.columns[known], units[known])
    own_seed = (seed * 1_000_003 + zlib.crc32(design.name.encode())) % 2**32
    vectors, places = x[known], design.places[known]
    told = study.variable(design.name).label or design.name
    test, probing, correlating = (_named(one, told) for one in reports)
    tested = label_test(varying, vectors, permutations=permutations, seed=own_seed, report=test)
    probed = probe(places, vectors, varying, seed=own_seed, report=probing)
    correlation, rows = distance_correlation(places, vectors, varying, seed=own_seed)
    if correlating:
        correlating(1.0, "done")
    return VariableSaliency(
        name=design.name,
        label=told,
        n=len(vectors),
        missing=int((~known).sum()),
        animals=None if study.animal is None else len(varying.counts),
        r2=shares[0],
        conditional=shares[1],
        how=varying.how,
        between=varying.share,
        test=tested,
        distance_correlation=correlation,
        distance_rows=rows,
        probe=probed,
    )


def _named(report: Report | None, label: str) -> Report | None:
    return None if report is None else lambda fraction, note: report(fraction, f"{label}: {note}")


def _shares(
    designs: dict[str, Design], blocks: dict[str, Floats], x: Floats, units: np.ndarray, seed: int
) -> dict[str, tuple[Interval, Interval]]:
    """Marginal and conditional R squared by variable, of the rows that have it; the same rows are gone through once."""
    of_rows: dict[bytes, tuple[Bools, list[str]]] = {}
    for name, design in designs.items():
        of_rows.setdefault(design.known.tobytes(), (design.known, []))[1].append(name)
    out = {}
    for known, names in of_rows.values():
        permanova = Permanova({name: block[known] for name, block in blocks.items()}, x[known], units[known], seed=seed)
        out.update({name: (permanova.marginal(name), permanova.conditional(name)) for name in names})
    return out


def _block(design: Design) -> Floats:
    """The columns that others are adjusted for: a design's own and, where values are missing, one that says so."""
    gaps = (~design.known).astype(np.float64)
    return design.columns if design.known.all() else np.column_stack([design.columns, gaps / np.sqrt(len(gaps))])


def _about_rows(study: Study, embedding: Embedding, order: np.ndarray) -> list[str]:
    out = []
    if len(order) < len(study) and embedding.name != FEATURES:  # whose remarks say so
        out.append(f"{len(study) - len(order):,} of {len(study):,} observations have no vector and take no part")
    if study.animal is None:
        out.append(f"{study.name} does not say which animal is which: every observation counts as an animal of its own")
    elif (unknown := int((study.animal.cat.codes.to_numpy()[order] < 0).sum())) > 0:
        out.append(f"{unknown:,} observations of unknown animals count as an animal each")
    return out
