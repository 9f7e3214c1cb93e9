"""The command that prints: report, of one animal on one page, or of a round of the herd."""

import argparse
from pathlib import Path
from typing import Any

from explorer.cli.changing import add_following, alerts_asked, last_day_asked, more_words
from explorer.cli.parsing import command, view_asked, whole
from explorer.cli.talking import OK
from explorer.errors import UserError


def add(commands: Any) -> None:
    """Add ``report``."""
    report = command(commands, "report", _report, "one animal on one page, or a round of the herd, as a PDF")
    whom = report.add_mutually_exclusive_group(required=True)
    whom.add_argument("--animal", metavar="NAME", help="the animal")
    whom.add_argument("--round", action="store_true", help="all animals with an alert")
    report.add_argument(
        "--view",
        metavar="QUERY",
        help="with --round: filters and day, the part after '?' of the app's address",
    )
    add_following(report, required=False)
    report.add_argument(
        "--decisions",
        type=whole("the number of an event", 0, 10**12),
        metavar="N",
        help="alerts resolved and events noted as they were after event N (default: now; 0: none)",
    )
    report.add_argument("--paper", choices=["A4", "letter"], default="A4", help="default: A4")
    report.add_argument("--out", type=Path, required=True, metavar="FILE.pdf")


def _report(options: argparse.Namespace) -> int:
    from explorer.change.report_files import report_file
    from explorer.change.series import followable
    from explorer.change.standing import check_animal
    from explorer.change.usual import left_out, usual_variables
    from explorer.decisions.alert_verdicts import resolutions
    from explorer.study.export import write_with_manifest
    from explorer.study.study import open_study
    from explorer.view import Follow, View

    if options.out.suffix.lower() != ".pdf":
        raise UserError(f"{options.out.name!r} does not say its format", how="Let the name end in .pdf")
    if options.animal is not None and options.view is not None:
        raise UserError("a report on one animal takes no --view", how="Leave it out, or write --round for --animal")
    asked = View() if options.view is None else view_asked(options.view)
    study = open_study(options.study)
    as_of = last_day_asked(study, options)
    if options.animal is not None:
        check_animal(study, options.animal)
    variables, unsaid = options.variable, ""
    if not variables:
        offered = followable(study, as_of)
        variables = usual_variables(study, offered, as_of)
        unsaid = left_out(study, offered, variables, as_of)
    follow = Follow(
        variables=tuple(variables),
        rate=options.rate,
        method=options.method,
        memory=_memory(options.memory),
        covariates=tuple(options.covariates),
        unhealthy=tuple(options.unhealthy),
    )
    decisions = resolutions(study, options.decisions).as_of
    alerts = alerts_asked(study, options, variables, as_of, decisions)
    content, facts = report_file(
        study,
        alerts,
        View(animal=options.animal, filters=asked.filters, round=asked.round, follow=follow),
        file=str(options.out),
        decisions=decisions,
        paper=options.paper,
        as_of=options.as_of,
        more=more_words(options),
    )
    write_with_manifest(options.out, content, facts)
    if unsaid:
        print(f"{unsaid[0].upper()}{unsaid[1:]}")
    print(f"{alerts.summary[0].upper()}{alerts.summary[1:]}")
    what = "The round" if options.animal is None else f"The report on {options.animal}"
    print(f"{what} written to {options.out}; how: {options.out}.manifest.json")
    return OK


def _memory(visits: float | str | None) -> Any:
    """As a view has it."""
    return "all" if visits is None else visits if isinstance(visits, str) else int(visits)
