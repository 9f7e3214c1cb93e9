"""The command line: parse, call, print.

Heavy modules are imported by the command that needs them, so that ``--help`` answers at once.
"""

import os
import sys
from collections.abc import Sequence

from explorer import __version__
from explorer.cli import (
    app,
    backgrounds,
    changing,
    clusters,
    encoders,
    evaluating,
    explaining,
    looking_back,
    maps,
    recognising,
    reporting,
    studies,
    sweeping,
    trust,
)
from explorer.cli.parsing import Parser, check_written
from explorer.cli.talking import INTERRUPTED, OK, complain
from explorer.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, 2 for what the user can mend (one line on standard error), 130 for Ctrl-C."""
    try:
        options = _parser().parse_args(arguments)
        check_written(options)
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except UserError as error:
        return complain(str(error))
    except KeyboardInterrupt as stopped:
        return complain(f"stopped; {stopped}" if stopped.args else "stopped; nothing was half-written", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has gone, as in "... | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for Python's own flush at the end
        return OK
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return complain(f"{place}{error.strerror or error}.")


def _parser() -> Parser:
    parser = Parser(
        prog="latent-explorer",
        description="See the latent space of animals observed again and again.",
        epilog="latent-explorer COMMAND --help says more about one command.",
    )
    parser.add_argument("--version", action="version", version=f"latent-explorer {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    app.add(commands)
    studies.add(commands)
    encoders.add(commands)
    sweeping.add(commands)
    evaluating.add(commands)
    maps.add(commands)
    trust.add(commands)
    backgrounds.add(commands)
    clusters.add(commands)
    recognising.add(commands)
    changing.add(commands)
    looking_back.add(commands)
    reporting.add(commands)
    explaining.add(commands)
    return parser
