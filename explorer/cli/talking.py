"""What the commands say: exit codes, complaints, counts, progress; and how a command is written down."""

import sys
from collections.abc import Callable

OK, MENDABLE, INTERRUPTED = 0, 2, 130


def complain(sentence: str, code: int = MENDABLE) -> int:
    """Say what is wrong, in one line on standard error; returns ``code``, the exit code."""
    print(f"latent-explorer: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def counted(n: int, noun: str) -> str:
    """``n`` with its noun, in the plural where there is not one."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def command_line(*parts: object) -> str:
    """A command of ours as it is typed into a shell."""
    import shlex

    return shlex.join(["latent-explorer", *(str(part) for part in parts)])


def reporter() -> Callable[[float, str], None] | None:
    """Progress on one line of the terminal, with the time left; None when nobody looks."""
    if not sys.stderr.isatty():
        return None
    from explorer.engine import Clock

    clock = Clock()

    def report(fraction: float, note: str) -> None:
        clock.update(fraction, note)
        end = "\n" if fraction >= 1 else ""
        print(f"\r\033[K{clock.read().sentence}", end=end, file=sys.stderr, flush=True)

    return report
