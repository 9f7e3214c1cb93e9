"""The command that says which animals have changed: changes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.map_options import FILE
from explorer.cli.parsing import command, positive, seed, view_asked, whole
from explorer.cli.talking import OK, command_line, counted, reporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from explorer.change.alerts import Alerts
    from explorer.study.study import Study

METHODS = (
    "two-channel", "spike-only", "shift-only", "frozen", "rcv", "population", "own-history", "ewma", "cusum",
    "since-last", "since-first", "own-best", "never",
)  # fmt: skip
"""Those of ``change.arms``, told without importing it: ``--help`` answers at once."""


def _rate(text: str) -> float:
    """The argparse type of a share above 0 and below 1."""
    found = positive(text)
    if found >= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1")
    return found


def _memory(text: str) -> float | str | None:
    """The argparse type of a memory: visits, "all", or "held-back"."""
    if text in ("all", "held-back"):
        return None if text == "all" else text
    return float(whole("a number of visits, all or held-back", 2, 1_000)(text))


def add(commands: Any) -> None:
    """Add ``changes``."""
    changes = command(commands, "changes", _changes, "which animals have changed, since when, how sure that is")
    add_following(changes, required=True)
    changes.add_argument(
        "--decisions",
        type=whole("the number of an event", 0, 10**12),
        default=0,
        metavar="N",
        help="alerts resolved and events noted as they were after event N (default: 0, none)",
    )
    changes.add_argument(
        "--view",
        metavar="QUERY",
        help="only what this view shows: its animal, or its herd round (after '?' in the address)",
    )
    changes.add_argument("--out", type=Path, required=True, metavar=FILE)


def add_following(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add what is followed, and how; ``required``: the variables must be named."""
    parser.add_argument(
        "--variable",
        nargs="+",
        required=required,
        metavar="NAME",
        help="a variable, log2:VARIABLE (on a logarithmic scale), EMBEDDING:TASK (a task dimension), or "
        "EMBEDDING:own-baseline"
        + ("" if required else " (default: the tasks whose relevant change the study says, else its first four)"),
    )
    parser.add_argument(
        "--rate",
        type=_rate,
        default=0.05,
        metavar="SHARE",
        help="of healthy animal-years with a false alert (default: 0.05)",
    )
    parser.add_argument(
        "--as-of", metavar="DATE", help="use nothing later than 2024-05-31, say (default: all there is)"
    )
    parser.add_argument("--method", choices=METHODS, default="two-channel", metavar="NAME", help=", ".join(METHODS))
    parser.add_argument(
        "--memory",
        type=_memory,
        default="held-back",
        metavar="VISITS",
        help="a baseline remembers: a number of visits, all, or held-back to choose on animals held back (default)",
    )
    parser.add_argument(
        "--covariates",
        nargs="+",
        default=[],
        metavar="NAME",
        help="what else to adjust for besides age, season and days since calving",
    )
    parser.add_argument(
        "--unhealthy",
        nargs="+",
        default=[],
        metavar="EVENT",
        help="visits within 60 days of such events do not count as healthy when limits are set",
    )
    parser.add_argument("--side", choices=["both", "down", "up"], default="both", help="which changes count")
    parser.add_argument(
        "--learning",
        type=whole("a number of visits", 2, 1_000),
        default=5,
        metavar="VISITS",
        help="of an animal before its first alert (default: 5)",
    )
    parser.add_argument("--seed", type=seed, default=0, help="default: 0")


def last_day_asked(study: "Study", options: argparse.Namespace) -> float | None:
    """The day of ``--as-of``, which is told and from now on written as the study writes times; None without one."""
    from explorer.change.clock import clock_of

    if options.as_of is None:
        return None
    clock = clock_of(study)
    day = clock.read(options.as_of)
    options.as_of = clock.write(day)
    print(f"Nothing later than {clock.say(day)} is used.")
    return day


def alerts_asked(
    study: "Study", options: argparse.Namespace, variables: "Sequence[str]", as_of: float | None, decisions: int
) -> "Alerts":
    """The alerts that the options of ``add_following`` ask for, with what people had decided by then."""
    from explorer.change.alerts import alerts_of
    from explorer.change.known_events import noted_at
    from explorer.decisions.alert_verdicts import verdicts_at

    return alerts_of(
        study,
        variables,
        rate=options.rate,
        as_of=as_of,
        method=options.method,
        memory=options.memory,
        covariates=options.covariates,
        unhealthy=options.unhealthy,
        learning=options.learning,
        side=options.side,
        verdicts=verdicts_at(study, decisions),
        noted=noted_at(study, options.unhealthy, decisions),
        seed=options.seed,
        report=reporter(),
    )


def more_words(options: argparse.Namespace) -> list[str]:
    """The options of ``add_following`` that no view has, as they are typed."""
    return ["--side", options.side, "--learning", str(options.learning), "--seed", str(options.seed)]


def _changes(options: argparse.Namespace) -> int:
    from explorer.change.round_shown import shown_alerts
    from explorer.change.standing import check_animal
    from explorer.study.export import format_of
    from explorer.study.study import open_study

    format_of(options.out)  # a name without a format is refused before anything is computed
    view = None if options.view is None else view_asked(options.view)
    study = open_study(options.study)
    if view is not None and view.animal is not None:
        check_animal(study, view.animal)
    as_of = last_day_asked(study, options)
    found = alerts_asked(study, options, options.variable, as_of, options.decisions)
    table = found.exported if view is None else shown_alerts(study, found, view, options.decisions)
    _write(found, table, study, options)
    for remark in found.remarks:
        print(remark)
    for name, facts in found.facts["tasks"].items():
        if "limits" in facts:
            memory = "all visits" if facts["memory"] is None else f"{facts['memory']:.0f} visits"
            print(
                f"{name}: {counted(facts['animals'], 'animal')}, {counted(facts['visits'], 'visit')}, "
                f"a baseline remembers {memory}; {facts['animal_years_alerted']:,} of {facts['animal_years']:,.0f} "
                f"animal-years alerted, {facts['expected_rate']:.1%} of healthy ones made anew"
            )
    print(f"{found.summary[0].upper()}{found.summary[1:]}")
    print(f"{counted(len(table), 'row')} written to {options.out}; how: {options.out}.manifest.json")
    return OK


def _write(found: "Alerts", table: "pd.DataFrame", study: "Study", options: argparse.Namespace) -> None:
    from explorer.change.series import vectors_of
    from explorer.study.export import format_of, manifest, table_bytes, write_with_manifest

    content = table_bytes(table, format_of(options.out))
    parts: list[object] = ["changes", study.path, "--variable", *options.variable, "--rate", options.rate]
    parts += ["--method", options.method, "--memory", _written(options.memory)]
    if options.as_of is not None:
        parts += ["--as-of", options.as_of]
    for name in ("covariates", "unhealthy"):
        if getattr(options, name):
            parts += [f"--{name}", *getattr(options, name)]
    parts += [*more_words(options), "--decisions", options.decisions]
    if options.view is not None:
        parts += ["--view", options.view]
    parts += ["--out", options.out]
    facts = manifest(
        file=str(options.out),
        content=content,
        rows=len(table),
        command=command_line(*parts),
        study={"name": study.name, "data_sha256": study.data_hash},
        embeddings=vectors_of(study, options.variable),
        as_of=options.as_of,
        seed=options.seed,
        decisions=options.decisions,
        **found.facts,
        summary=[*found.remarks, found.summary],
    )
    write_with_manifest(options.out, content, facts)


def _written(memory: float | str | None) -> str:
    return "all" if memory is None else memory if isinstance(memory, str) else f"{memory:.0f}"
