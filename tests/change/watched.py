"""A herd that is weighed and scored for a year and more, with one cow that falls ill."""

import numpy as np
import pandas as pd

ILL, FROM = "cow-07", 22


def watched(herd, *, animals=40, visits=30, seed=0):
    """``herd`` of ``animals`` seen every 18 days or so; ``ILL`` loses 60 kg and milk from visit ``FROM`` on."""
    rng = np.random.default_rng(seed)
    n = animals * visits
    own, visit = np.repeat(np.arange(animals), visits), np.tile(np.arange(visits), animals)
    day = 18 * visit + rng.integers(0, 9, n)
    names = np.array([f"cow-{number:02}" for number in range(animals)])
    weight = 600 + rng.normal(0, 40, animals)[own] + 10 * np.sin(2 * np.pi * day / 365.25) + rng.normal(0, 10, n)
    milk = 30 + rng.normal(0, 3, animals)[own] + rng.normal(0, 2, n)
    ill = (names[own] == ILL) & (visit >= FROM)
    herd.observations = pd.DataFrame(
        {
            "observation_id": [f"o-{row}" for row in range(n)],
            "animal_id": names[own],
            "captured_at": np.datetime64("2022-01-03T07:00", "us") + day * np.timedelta64(1, "D"),
            "parity": 1 + own % 3,
            "weight": weight - 60 * ill,
            "milk": milk - 6 * ill,
        }
    )
    scored = herd.observations.iloc[::2].reset_index(drop=True)
    value = np.clip(np.round(rng.normal(3, 0.4, len(scored)) * 4) / 4, 1, 5)
    herd.scores = pd.concat(
        [
            pd.DataFrame(
                {
                    "animal": scored["animal_id"],
                    "time": scored["captured_at"],
                    "task": "bcs",
                    "value": value + bias + rng.choice([-0.25, 0, 0.25], len(scored)),
                    "observer": who,
                }
            )
            for who, bias in (("Ann", 0.0), ("Bob", 0.25))
        ],
        ignore_index=True,
    )
    herd.animals = pd.DataFrame({"animal": names, "birth": np.datetime64("2018-01-01", "us")})
    times = np.array(["2022-05-01", "2023-03-01"], dtype="datetime64[us]")
    herd.events = pd.DataFrame({"animal": ["cow-30", ILL], "time": times, "kind": "treatment"})
    herd.spec["columns"].pop("features", None)
    herd.spec["variables"] = {
        "parity": {"column": "parity", "kind": "ordinal"},
        "age": {"derive": {"from": "birth", "as": "age"}, "kind": "continuous", "unit": "years"},
        "weight": {
            "column": "weight", "kind": "continuous", "role": "task", "unit": "kg", "label": "Weight",
            "relevant_change": 40.0,
        },
        "milk": {"column": "milk", "kind": "continuous", "role": "task", "unit": "kg/day", "relevant_change": 4.0},
        "bcs": {"score": "bcs", "kind": "ordinal", "role": "task", "unit": "points", "relevant_change": 0.5},
        "bcs_next": {"derive": {"from": "bcs", "as": "forward_gradient"}, "kind": "continuous", "role": "task"},
    }  # fmt: skip
    return herd


def celled(herd):
    """``herd`` with lopsided cells, and their stored logarithm; ``ILL`` has eight times as many from ``FROM`` on."""
    herd = watched(herd)
    rng = np.random.default_rng(3)
    rows = herd.observations
    n, animals = len(rows), rows["animal_id"].nunique()
    level = np.repeat(rng.normal(6, 1, animals), n // animals)
    ill = (rows["animal_id"] == ILL).to_numpy() & (np.tile(np.arange(n // animals), animals) >= FROM)
    rows["cells"] = np.exp2(level + rng.normal(0, 0.5, n) + 3 * ill)
    rows["stored"] = np.log2(rows["cells"])
    more = rows.iloc[::7].copy()  # a second value that day
    more["observation_id"] += "-again"
    more["cells"] *= 1.5
    more["stored"] = np.log2(more["cells"])
    herd.observations = pd.concat([rows, more], ignore_index=True)
    told = {"kind": "continuous", "role": "task"}
    herd.spec["variables"] |= {
        "cells": told | {"column": "cells", "unit": "1000/mL", "label": "Cells", "relevant_change": 200.0},
        "stored": told | {"column": "stored"},
    }
    return herd
