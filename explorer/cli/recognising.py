"""The command that says which distance means the same animal: threshold."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.map_options import FILE, embedding_name
from explorer.cli.parsing import command, seed
from explorer.cli.talking import OK, counted, reporter
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.recognition.analysis import Analysis
    from explorer.recognition.asked import Asked
    from explorer.study.study import Study


def _between(text: str) -> float:
    """The argparse type of a share above 0 and below 1."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1")
    return found


def _confidence(text: str) -> float:
    """The argparse type of a confidence from 0 up to below 1."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to below 1")
    return abs(found)  # -0 is 0


def _days(text: str) -> float:
    """The argparse type of a number of days, 0 or more."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")
    return found


def add(commands: Any) -> None:
    """Add ``threshold``."""
    threshold = command(
        commands, "threshold", _threshold, "which distance means the same animal, and what that promises"
    )
    threshold.add_argument("--embedding", metavar="NAME", help="default: the study's first")
    threshold.add_argument(
        "--by", nargs="+", required=True, metavar="VARIABLE", help="background variables to condition on, in this order"
    )
    threshold.add_argument(
        "--fpir",
        type=_between,
        metavar="SHARE",
        help="at most so many searches for unknown animals are accepted (default: as the number of animals allows)",
    )
    threshold.add_argument(
        "--confidence",
        type=_confidence,
        default=0.9,
        metavar="SHARE",
        help="of that promise; 0: on average (default: 0.9)",
    )
    threshold.add_argument(
        "--apart",
        type=_days,
        default=0.0,
        metavar="DAYS",
        help="never compare an animal with itself within so many days",
    )
    threshold.add_argument(
        "--not-within",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="never compare observations of an animal with the same value in this column",
    )
    threshold.add_argument("--model", metavar="MODEL", help="leave out the animals that this encoder has learnt from")
    threshold.add_argument(
        "--arm", default="global", help="the arm that the file decides by, such as residualised (default: global)"
    )
    threshold.add_argument("--seed", type=seed, default=0, help="default: 0")
    threshold.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    threshold.add_argument("--searches", type=Path, metavar=FILE, help="also write each search of the test, by arm")
    threshold.add_argument(
        "--changed", type=Path, metavar=FILE, help="also write the searches whose verdict conditioning changes"
    )


def _threshold(options: argparse.Namespace) -> int:
    from explorer.recognition.arms import DECIDES, deciding
    from explorer.recognition.asked import Asked, analysis_of, described
    from explorer.recognition.threshold_file import encoded, saved
    from explorer.study.export import format_of, write_together
    from explorer.study.study import open_study

    if options.out.suffix.lower() != ".json":
        raise UserError(f"{options.out.name!r} does not say its format", how="Let the name end in .json")
    for path in (options.searches, options.changed):
        if path is not None:
            format_of(path)
    arm = deciding(options.arm)
    study = open_study(options.study)
    asked = Asked(
        embedding_name(study, options.embedding),
        tuple(options.by),
        fpir=options.fpir,
        confidence=options.confidence,
        seed=options.seed,
        apart=options.apart,
        not_within=tuple(options.not_within),
        model=options.model,
    )
    found = analysis_of(study, asked, reporter())
    content = saved(encoded(found, study.embedding(asked.embedding)), arm)
    main = (options.out, content, described(study, asked, content, file=str(options.out)))
    write_together([main, *_searches(study, asked, found, content, options)])
    for remark in found.remarks:
        print(f"{remark[0].upper()}{remark[1:]}")
    print(f"{found.promise.sentence[0].upper()}{found.promise.sentence[1:]}")
    print(_table(found))
    print(found.verdict)
    print(
        f"{counted(len(found.tested), 'arm')} written to {options.out}, which decides by '{arm}': {DECIDES[arm]}; "
        f"how: {options.out}.manifest.json"
    )
    return OK


def _searches(
    study: "Study", asked: "Asked", found: "Analysis", threshold: bytes, options: argparse.Namespace
) -> list[tuple[Path, bytes, dict[str, Any]]]:
    """The tables that are wanted beside the file with the bytes ``threshold``."""
    from explorer.recognition.evidence import evidence_of
    from explorer.recognition.searches_table import Option, table_of
    from explorer.study.export import format_of

    wanted: dict[Option, Path | None] = {"--searches": options.searches, "--changed": options.changed}
    if not any(wanted.values()):
        return []
    evidence = evidence_of(found, study.embedding(asked.embedding))
    out = []
    for option, path in wanted.items():
        if path is not None:
            table = table_of(
                study,
                asked,
                evidence,
                option,
                file=str(path),
                threshold=threshold,
                beside=str(options.out),
                format=format_of(path),
            )
            out.append((path, table.content, table.facts))
    return out


def _table(found: "Analysis") -> str:
    """The arms side by side, for people."""
    from dataclasses import replace

    from explorer.recognition.open_set import curve
    from explorer.recognition.promise import percent

    fpir = percent(found.promise.fpir)
    lines = [f"{'arm':<24}{'FPIR':>7}{'TAR':>7}   FNIR at FPIR 1%, 10%   TAR at FPIR {fpir}, against global"]
    for one in found.tested:
        whole = curve(replace(one.arm.searches, score=one.arm.slack).of(found.of_test))
        at, delta = found.at[one.arm.name], found.deltas.get(one.arm.name)
        against = f"{at.value:.1%} ({at.low:.1%} to {at.high:.1%})"
        if delta is not None:
            against += f", {_points(delta.tar)} ({_points(delta.low)} to {_points(delta.high)})"
        lines.append(
            f"{one.arm.name:<24}{one.rates.fpir.value:>7.1%}{one.rates.tar.value:>7.1%}"
            f"{whole.fnir_at(0.01):>16.1%}, {whole.fnir_at(0.1):<6.1%}{'':3}{against}"
        )
    return "\n".join(lines)


def _points(difference: float) -> str:
    """A difference of shares in per cent, nothing without a sign."""
    return f"{round(100 * difference, 1) + 0.0:+.1f}%"
