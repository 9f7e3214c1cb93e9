"""Run all benchmarks, or those named: python -m benchmarks [opening] [first_picture] [map] [projections] [pipeline]
[quality] [mining] [opml] [training] [threshold] [saliency] [change] [change_truth] [change_learned].

With --quick, those that can (the map) take little data.
"""

import sys
from functools import partial

from benchmarks import (
    change,
    change_learned,
    change_truth,
    first_picture,
    mining,
    opening,
    opml,
    pipeline,
    projections,
    quality,
    saliency,
    threshold,
    training,
)
from benchmarks import map as latent_map

RUNS = {
    "opening": opening.main,
    "first_picture": first_picture.main,
    "map": latent_map.main,
    "projections": projections.main,
    "pipeline": pipeline.main,
    "quality": quality.main,
    "mining": mining.main,
    "opml": opml.main,
    "training": training.main,
    "threshold": threshold.main,
    "saliency": saliency.main,
    "change": change.main,
    "change_truth": partial(change_truth.main, []),
    "change_learned": partial(change_learned.main, []),
}

if __name__ == "__main__":
    quick = "--quick" in sys.argv
    RUNS["map"] = partial(latent_map.main, quick=quick)
    names = [name for name in sys.argv[1:] if name != "--quick"] or list(RUNS)
    for name in names:
        if name not in RUNS:
            sys.exit(f"there is no benchmark {name!r}; there are: {', '.join(RUNS)}")
    for name in names:
        print(f"\n## {name}\n")
        RUNS[name]()
