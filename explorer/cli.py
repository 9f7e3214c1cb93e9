"""The command line: parse, call, print."""
import sys
from pathlib import Path


def main() -> None:
    from explorer.ui.server import serve

    serve(Path(sys.argv[2]) if len(sys.argv) > 2 else None, port=None, browser=False)
