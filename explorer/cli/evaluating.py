"""The command that says what an encoder is worth: evaluate."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.map_options import FILE
from explorer.cli.parsing import command, seed, whole
from explorer.cli.talking import OK, command_line, counted, reporter
from explorer.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from explorer.learning.full_evaluation import FullEvaluation
    from explorer.study.study import Study


def add(commands: Any) -> None:
    """Add ``evaluate``."""
    evaluate = command(commands, "evaluate", _evaluate, "what an encoder is worth on animals it has not seen")
    what = evaluate.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", metavar="MODEL", help="its folder, or a shipped encoder's name")
    what.add_argument("--embedding", metavar="NAME", help="an embedding of the study, wherever it comes from")
    evaluate.add_argument(
        "--tasks",
        nargs="*",
        metavar="NAME",
        help="score these (default: all tasks of the study and of the encoder; without a name: none)",
    )
    evaluate.add_argument(
        "--baselines",
        choices=["none", "quick", "all"],
        default="quick",
        help="beside what: quick takes seconds to minutes (default), all trains networks too",
    )
    evaluate.add_argument(
        "--steps",
        type=whole("a number of steps", 1, 999_999),
        help="of the networks of --baselines all (default: as many as the encoder had)",
    )
    evaluate.add_argument("--after", metavar="DATE", help="learn from what is older, score the rest")
    evaluate.add_argument("--apart", type=float, default=0.0, metavar="DAYS", help="look only at least so far apart")
    evaluate.add_argument("--seed", type=seed, default=0, help="default: 0")
    evaluate.add_argument("--out", type=Path, metavar=FILE, help="write all figures as one long table")
    evaluate.add_argument(
        "--retrieval-out",
        type=Path,
        metavar=FILE,
        help="write how often animals are found again, a row for each method",
    )


def _evaluate(options: argparse.Namespace) -> int:
    from explorer.learning.evaluate_fully import evaluate_fully
    from explorer.places import shipped_encoders
    from explorer.study.export import format_of, write_together
    from explorer.study.study import open_study

    for out in (options.out, options.retrieval_out):
        if out is not None:
            format_of(out)
    if options.steps is not None and options.baselines != "all":
        raise UserError("--steps changes nothing without --baselines all", how="Leave it out")
    study = open_study(options.study)
    found = evaluate_fully(
        study,
        model=None
        if options.model is None
        else shipped_encoders().get(options.model, Path(options.model).expanduser()),
        embedding=options.embedding,
        tasks=options.tasks,
        compared=options.baselines,
        steps=options.steps,
        after=options.after,
        apart=options.apart,
        seed=options.seed,
        report=reporter(),
    )
    print(found)
    files = []
    if options.out is not None:
        files.append(_file(found, found.table(), options, study, "--out", options.out))
    if options.retrieval_out is not None and found.retrieval is not None:
        table = found.retrieval.table()
        files.append(_file(found, table, options, study, "--retrieval-out", options.retrieval_out))
    write_together(files)
    for path, _, facts in files:
        print(f"{counted(facts['rows'], 'row')} written to {path}; how: {path}.manifest.json")
    if options.retrieval_out is not None and found.retrieval is None:
        raise UserError(f"no animal can be found again, so {options.retrieval_out} was not written")
    return OK


def _file(
    found: "FullEvaluation", table: "pd.DataFrame", options: argparse.Namespace, study: "Study", option: str, out: Path
) -> tuple[Path, bytes, dict[str, Any]]:
    from explorer.study.export import format_of, manifest, table_bytes

    content = table_bytes(table, format_of(out))
    given = {"model": options.model, "embedding": options.embedding, "steps": options.steps, "after": options.after}
    words = [word for name, value in given.items() if value is not None for word in (f"--{name}", value)]
    words += ["--baselines", options.baselines, "--apart", options.apart, "--seed", options.seed, option, out]
    words += [] if options.tasks is None else ["--tasks", *options.tasks]
    facts = manifest(
        file=str(out),
        content=content,
        rows=len(table),
        command=command_line("evaluate", study.path, *words),
        study={"name": study.name, "data_sha256": study.data_hash},
        evaluated={"name": found.subject, "sha256": found.subject_hash},
        protocol=found.protocol,
        retrieval_protocol=None if found.retrieval is None else found.retrieval.protocol,
        seed=options.seed,
        units={} if found.tasks is None else found.tasks.units,
        mae_lead_over=None if found.tasks is None else found.tasks.against,
        retrieval_lead_over=None if found.retrieval is None else found.retrieval.baseline,
        remarks=found.remarks,
    )
    return out, content, facts
