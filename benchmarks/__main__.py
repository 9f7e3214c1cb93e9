"""Run all benchmarks, or those named: python -m benchmarks [opening] [first_picture] [projections] [training]."""

import sys

from benchmarks import first_picture, opening, projections, training

RUNS = {
    "opening": opening.main,
    "first_picture": first_picture.main,
    "projections": projections.main,
    "training": training.main,
}

if __name__ == "__main__":
    names = sys.argv[1:] or list(RUNS)
    for name in names:
        if name not in RUNS:
            sys.exit(f"there is no benchmark {name!r}; there are: {', '.join(RUNS)}")
    for name in names:
        print(f"\n## {name}\n")
        RUNS[name]()
