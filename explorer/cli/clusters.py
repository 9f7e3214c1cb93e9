"""The command that groups the observations of an embedding: cluster."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.map_options import FILE, embedding_name, write_export
from explorer.cli.parsing import command, seed, whole
from explorer.cli.talking import reporter
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.clustering.clusters import Clusters, Way
    from explorer.study.embeddings import Embedding
    from explorer.study.study import Study

_USUAL_NUMBER = 8  # of clusters that k-means makes, as on the map
_MOST = 10_000
_GAP = "gap"
_TOLD = 40  # clusters


def _number(text: str) -> int | str:
    """The argparse type of a number of clusters, or of the word that asks for one."""
    return _GAP if text == _GAP else whole("a number of clusters, or gap", 2, _MOST)(text)


def _weight(text: str) -> float:
    """The argparse type of a weight from 0 to a million."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a weight (0 to 1000000)")
    return found


def _bins(text: str) -> tuple[str, tuple[float, ...]]:
    """The argparse type of ``VARIABLE=EDGE,EDGE``; a variable's name may hold ``=`` itself, edges do not."""
    name, _, cuts = text.rpartition("=")
    if not name or not cuts:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form VARIABLE=EDGE,...")
    try:
        return name, tuple(float(cut) for cut in cuts.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{cuts!r} are no edges; write them as age=2,4.5") from None


def add(commands: Any) -> None:
    """Add ``cluster``."""
    cluster = command(commands, "cluster", _cluster, "groups of observations in the latent space")
    cluster.add_argument("--embedding", metavar="NAME", help="default: the study's first")
    cluster.add_argument("--method", choices=["hdbscan", "kmeans"], default="hdbscan")
    size = cluster.add_mutually_exclusive_group()
    size.add_argument(
        "--k",
        type=_number,
        metavar="K|gap",
        help=f"k-means: how many clusters, in each stratum; gap: by the gap statistic (default: {_USUAL_NUMBER})",
    )
    size.add_argument(
        "--least-size",
        type=whole("a least size", 2, _MOST),
        metavar="N",
        help="HDBSCAN: observations in a cluster at least (default: a hundredth of them, 5 to 200)",
    )
    cluster.add_argument("--by", nargs="+", default=[], metavar="VARIABLE", help="background variables to condition on")
    cluster.add_argument(
        "--way",
        choices=["plain", "residual", "joined", "strata"],
        help="without the variables; on vectors less what they add; on vectors and variables together; "
        "inside each stratum (default with --by)",
    )
    cluster.add_argument(
        "--weight",
        type=_weight,
        metavar="W",
        help="joined: total variance of the variables, in that of the vectors (1)",
    )
    cluster.add_argument(
        "--bins",
        type=_bins,
        action="append",
        default=[],
        metavar="VARIABLE=EDGE,...",
        help="strata: edges between the bins of a number (default: three of near-equal size)",
    )
    cluster.add_argument("--seed", type=seed, default=0, help="of k-means (default: 0)")
    cluster.add_argument(
        "--stability",
        nargs="?",
        const=30,
        default=0,
        type=whole("a number of draws", 2, 1_000),
        metavar="DRAWS",
        help="whether each cluster comes back when animals are drawn again (30 draws)",
    )
    cluster.add_argument(
        "--model",
        type=Path,
        metavar="MODEL",
        help="folder of the embedding's encoder, which says which animals it has learnt from "
        "(default: looked for beside the study and among those that come with this product)",
    )
    cluster.add_argument(
        "--decisions",
        type=whole("the number of a decision", 0, 10**9),
        metavar="N",
        help="clusters as people had named, merged and split them after that decision (default: now; 0: as made)",
    )
    cluster.add_argument("--out", type=Path, required=True, metavar=FILE)


def _cluster(options: argparse.Namespace) -> int:
    from explorer.clustering.gap import number_by_gap
    from explorer.clustering.table import export_clusters
    from explorer.decisions.cluster_edits import last_edit
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    written_as = format_of(options.out)
    study = open_study(options.study)
    embedding = study.embedding(embedding_name(study, options.embedding))
    wanted = _wanted(study, embedding, options)
    said: tuple[str, ...] = ()
    if options.k == _GAP:
        k, said = number_by_gap(study, wanted, reporter())
        wanted = wanted._replace(size=k)
    held_out, known = _new_animals(study, embedding, options.model)
    decisions = last_edit(study, wanted.name) if options.decisions is None else options.decisions
    export = export_clusters(
        study,
        wanted._replace(decided=decisions),
        file=str(options.out),
        format=written_as,
        draws=options.stability,
        held_out=held_out,
        model=options.model,
        said=(*said, *known),
        report=reporter(),
    )
    return write_export(export, options.out, (*_table(export.facts), *export.remarks))


def _wanted(study: "Study", embedding: "Embedding", options: argparse.Namespace) -> "Clusters":
    """What was asked for. Raises UserError for options that do not go together."""
    from explorer.clustering.clusters import Clusters, usual_size
    from explorer.space.conditions import conditions

    way: Way = options.way or ("strata" if options.by else "plain")
    dense = options.method == "hdbscan"
    if options.k is not None and dense:
        raise UserError("HDBSCAN finds out by itself how many clusters there are", how="Add --method kmeans for --k")
    if options.least_size is not None and not dense:
        raise UserError("k-means does not use --least-size", how="Give --k, or leave --method kmeans out")
    if way == "plain" and options.by:
        raise UserError("--way plain takes no variables", how="Leave --by out, or choose another way")
    if way != "plain" and not options.by:
        raise UserError(f"--way {way} needs variables", how="Name them: --by VARIABLE ...")
    if options.weight is not None and way != "joined":
        raise UserError("--weight is for --way joined", how="Leave it out, or add --way joined")
    if options.bins and way != "strata":
        raise UserError("--bins are for --way strata", how="Leave them out, or add --way strata")
    bins = dict(options.bins)
    if len(bins) < len(options.bins):
        raise UserError("the bins of a variable were given twice", how="Give them once")
    if options.by:
        conditions(study, options.by, bins)  # which says what cannot be used
    if dense:
        size = options.least_size or usual_size(int(embedding.complete.sum()))
    else:
        size = _USUAL_NUMBER if options.k in (None, _GAP) else options.k
    return Clusters(
        options.method,
        size,
        embedding.name,
        way=way,
        by=tuple(options.by),
        weight=1.0 if options.weight is None else options.weight,
        bins=tuple(bins.items()),
        seed=0 if dense else options.seed,
    )


def _new_animals(
    study: "Study", embedding: "Embedding", model: Path | None
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The animals that the embedding's encoder has not learnt from, None for all, and a sentence on it.

    Raises UserError for a ``model`` that is no folder of an encoder.
    """
    from explorer.learning.explained import read_explainer
    from explorer.learning.learnt_from import learnt_from
    from explorer.places import shipped_encoders

    if model is not None and read_explainer(model) is None:
        raise UserError("there is no encoder of ours", where=str(model), how="Give the folder that train has made")
    if study.animal is None:
        return None, ()
    known = learnt_from(study, embedding, [*shipped_encoders().values(), *([] if model is None else [model])])
    return known.held_out, (known.sentence.removesuffix("."),)


def _table(facts: dict[str, Any]) -> list[str]:
    """The clusters side by side, for people."""
    strata = len(facts["strata"]) > 1
    stable = any("stability" in one for one in facts["found"])
    lines = [f"{'cluster':<16}{'observations':>13}{'animals':>9}{'strength':>10}{'  found again' if stable else ''}"]
    for one in facts["found"][:_TOLD]:
        number = "noise" if one["cluster"] < 0 else str(one["cluster"])
        name = number if one["name"] == number else f"{number} {one['name']}"
        line = f"{name:<16}{one['observations']:>13,}{'' if one['animals'] is None else one['animals']:>9}"
        line += f"{one['strength']:>10.2f}"
        if "stability" in one:
            again = one["stability"]
            bounds = (
                "" if again["low"] is None else f"{again['jaccard']:.2f} ({again['low']:.2f} to {again['high']:.2f}) "
            )
            line += f"  {bounds}{again['reading']}"
        told = f"{one['stratum']}: " if strata else ""
        lines += [line, f"    {told}{one['explained'][0]}"]
    more = len(facts["found"]) - _TOLD
    return [*lines, f"and {more:,} smaller ones, which the manifest tells of"] if more > 0 else lines
