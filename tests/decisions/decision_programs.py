"""What runs in a process of its own and is killed, or competes: python decision_programs.py WHAT FILE [NUMBER]."""

import itertools
import os
import sys
from pathlib import Path

from explorer.decisions.events import Store


def tell(text):
    os.write(1, f"{text}\n".encode())


def append_for_ever(store):
    """Tell of each event once it is kept; every seventh is a purge of the one before."""
    tell("ready")
    for number in itertools.count(1):
        with store.writing() as log:
            if number % 7:
                event = log.append(
                    "view.save", f"view {number}", who="Ann", payload={"secret": f"secret {number} " * 20}
                )
            else:
                event = log.purge(log.event(log.head), who="Ann")
        tell(f"{event.seq} {event.id}")


def append_some(store, number):
    """Append ``number`` events each time that a line comes in."""
    tell("ready")
    while sys.stdin.readline():
        for _ in range(number):
            with store.writing() as log:
                event = log.append("view.save", f"{os.getpid()}", who="Ann", payload={"by": os.getpid()})
            tell(f"{event.seq} {event.id}")
        tell("ready")


if __name__ == "__main__":
    store = Store(Path(sys.argv[2]))
    if sys.argv[1] == "for_ever":
        append_for_ever(store)
    else:
        append_some(store, int(sys.argv[3]))
