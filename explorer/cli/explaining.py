"""The command that says what an encoder looks at: explain."""

import argparse
from pathlib import Path
from typing import Any

from explorer.cli.parsing import command
from explorer.cli.talking import OK


def add(commands: Any) -> None:
    """Add ``explain``."""
    explain = command(commands, "explain", _explain, "which part of a picture, or which feature, moves an encoder")
    explain.add_argument("--model", required=True, metavar="MODEL", help="its folder, or a shipped encoder's name")
    explain.add_argument("--observation", required=True, metavar="ID")
    what = explain.add_mutually_exclusive_group(required=True)
    what.add_argument("--task", metavar="NAME", help="what moves this task of the encoder")
    what.add_argument("--near", metavar="ID", help="what brings it near this other observation")
    explain.add_argument("--out", type=Path, required=True, metavar="FILE.png|.csv", help="an overlay, or a table")


def _explain(options: argparse.Namespace) -> int:
    from explorer.learning.explain_study import explain_observation
    from explorer.places import shipped_encoders
    from explorer.study.export import write_with_manifest
    from explorer.study.study import open_study

    found = explain_observation(
        open_study(options.study),
        shipped_encoders().get(options.model, Path(options.model).expanduser()),
        options.observation,
        task=options.task,
        near=options.near,
        file=str(options.out),
    )
    write_with_manifest(options.out, found.content, found.facts)
    for remark in found.remarks:
        print(remark[0].upper() + remark[1:])
    print(f"written to {options.out}; how: {options.out}.manifest.json")
    return OK
