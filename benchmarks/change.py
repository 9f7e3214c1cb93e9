"""Alerts where the truth is known: 20 visits, monitored from the 6th, index of individuality 0.6.

For every method, its limits set at 5 % on healthy series made from the same 400 animals: the share of other healthy
animals that are alerted, and of steps of 2 and 3 SD (caught within 6 visits) and spikes of 3 SD (at that visit) that
are. The same with autocorrelation 0.3, with drift, and with limits as in the textbook. Intervals are 95 %, over herds
that are learnt from. Then healthy herds followed from their first visit as the app does, the time that alerts take as
visits grow, and that of the herd round page of the sample.
"""

import os
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from streamlit.testing.v1 import AppTest

import explorer
from benchmarks.judged import as_the_app, realised
from explorer.change.arms import METHODS, Herd, Method, beyond, channels
from explorer.change.backgrounds import YEAR, Backgrounds
from explorer.change.baseline import fit_baseline
from explorer.change.calibrating import alarm_rate, healthy_of, limits_at, made_healthy
from explorer.change.clock import Clock
from explorer.change.following import follow_series
from explorer.change.kept import alerts_at, compute_at
from explorer.change.normal_inverse_gamma import LEARNING, sizes
from explorer.change.panel import Floats, Panel, panel_of
from explorer.change.prior import fit_prior
from explorer.change.reference import Settings
from explorer.change.series import Series, followable
from explorer.change.usual import usual_variables
from explorer.places import sample_study, shipped
from explorer.study.study import open_study
from explorer.ui.server import STUDY_VARIABLE
from explorer.view import Follow

VISITS, INDEX, RATE = 20, 0.6, 0.05
LEARNT, TESTED, HERDS = 400, 4_000, 10
GAP = YEAR / (VISITS - LEARNING)
AT, WITHIN = 10, 6
_MADE = 1_600  # animals in all herds of a size
TEXTBOOK: dict[Method, tuple[float, ...]] = {
    "two-channel": (2.81, 2.81), "rcv": (1.96,), "own-history": (1.96,), "population": (1.96,), "ewma": (2.7,),
    "cusum": (4.0,),
}  # fmt: skip
"""Limits as books give them; of the two channels the 2.5 % of each."""


def main() -> None:
    """Print what was measured."""
    for name, phi, drift in (("independent visits", 0.0, 0.0), ("autocorrelation 0.3", 0.3, 0.0), ("drift", 0.0, 1.0)):
        print(f"### {name}\n")
        print("| method | healthy alerted | textbook limit | 2 SD step | 3 SD step | 3 SD spike |")
        print("|---|---|---|---|---|---|")
        found = [_herd(seed, phi, drift) for seed in range(HERDS)]
        for method in METHODS:
            columns = np.array([one[method] for one in found])
            print(f"| {method} | " + " | ".join(_told(column) for column in columns.T) + " |", flush=True)
        print()
    _followed()
    _speed()
    _round_page()


def _told(values: Floats) -> str:
    if np.isnan(values).any():
        return "–"
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.1%} ± {half:.1%}"


def _drawn(
    rng: np.random.Generator, animals: int, phi: float, drift: float, visits: int = VISITS, spread: Floats | float = 1.0
) -> Floats:
    """Values (animals, visits): own levels, errors of SD ``spread``, and an own slope of SD ``drift`` over all."""
    errors = rng.standard_normal((animals, visits))
    for visit in range(1, visits):
        errors[:, visit] = phi * errors[:, visit - 1] + np.sqrt(1 - phi**2) * errors[:, visit]
    slopes = drift * rng.standard_normal((animals, 1)) * np.linspace(0, 1, visits)
    return rng.standard_normal((animals, 1)) / INDEX + slopes + spread * errors


def _panel(animals: int) -> Panel:
    return panel_of(np.repeat(np.arange(animals), VISITS), np.tile(np.arange(VISITS) * GAP, animals))


def _herd(seed: int, phi: float, drift: float) -> dict[Method, tuple[float, ...]]:
    rng = np.random.default_rng(seed)
    learnt, panel = _drawn(rng, LEARNT, phi, drift).ravel(), _panel(LEARNT)
    baseline = fit_baseline(panel, learnt, Backgrounds(rows=len(learnt)))
    residual = learnt - baseline.beta[0]
    prior = fit_prior(panel, residual, baseline)
    healthy = made_healthy(panel, residual, baseline, prior, seed=seed)
    herd = Herd(baseline.between, baseline.within, prior)
    others = _drawn(rng, TESTED, phi, drift) - baseline.beta[0]
    test = _panel(TESTED)
    series = [others, *(others + size * (np.arange(VISITS) >= AT) for size in (2, 3))]
    series.append(others + 3 * (np.arange(VISITS) == AT))
    out: dict[Method, tuple[float, ...]] = {}
    for method in METHODS:
        made = channels(method, healthy.panel, healthy.values, herd)
        limits = limits_at([sizes(one, "both") for one in made], healthy, RATE)
        alerted = []
        textbook = float("nan")
        for place, values in enumerate(series):
            statistics = channels(method, test, values.ravel(), herd)
            alerted.append(beyond(statistics, limits, test, LEARNING, "both"))
            if place == 0 and method in TEXTBOOK:
                by_book = beyond(statistics, TEXTBOOK[method], test, LEARNING, "both")
                textbook = alarm_rate(by_book, healthy_of(test, values.ravel()))
        calm, two, three, spike = (one.reshape(TESTED, VISITS) for one in alerted)
        steps = [one[:, AT : AT + WITHIN].any(axis=1).mean() for one in (two, three)]
        out[method] = (float(calm.any(axis=1).mean()), textbook, *map(float, steps), float(spike[:, AT].mean()))
    return out


def _followed() -> None:
    """Print how many healthy animal-years have a new alert when all is learnt as the visits come, fortnightly."""
    print("### healthy herds followed from the first visit, autocorrelation 0.3\n")
    print("| animals | without drift | with a drift of its own in each, 1 SD in 18 months |")
    print("|---|---|---|")
    for animals in (40, 120, 400):
        told = []
        for drift in (0.0, 1.0):
            rates = [_years_alerted(seed, animals, drift) for seed in range(_MADE // animals)]
            told.append(_told(np.array(rates)))
        print(f"| {animals} | {' | '.join(told)} |", flush=True)
    print()


def _years_alerted(seed: int, animals: int, drift: float) -> float:
    rng = np.random.default_rng([seed, animals])
    visits = 2 * VISITS
    came = rng.uniform(0, 300, (animals, 1)) + np.cumsum(rng.uniform(0.7, 1.3, (animals, visits)) * 14, axis=1)
    spread = np.sqrt(5 / rng.gamma(5, 1, (animals, 1)))  # no two animals are equally restless
    values = _drawn(rng, animals, 0.3, drift, visits, spread).ravel()
    panel = panel_of(np.repeat(np.arange(animals), visits), np.round(came, 1).ravel())
    backgrounds = Backgrounds({}, panel.day / YEAR % 1, {}, len(values))
    found = as_the_app("made", panel, values, backgrounds, rate=RATE)
    rates, _ = realised(found, found.new, np.ones(len(values), dtype=bool), draws=0)
    return float(rates[0])


def _speed() -> None:
    print("### Seconds of one series\n")
    rng = np.random.default_rng(0)
    for animals in (800, 1_600, 3_200, 6_300):
        panel = _panel(animals)
        values = _drawn(rng, animals, 0.3, 0.0).ravel()
        ones = np.ones(len(values), dtype=np.int64)
        names = tuple(str(one) for one in range(animals))
        series = Series("made", "made", "", 1.0, Clock(None), names, panel.animal, panel.day, values, ones, ones)
        start = time.perf_counter()
        follow_series(series, Backgrounds({"age": panel.day / YEAR}, panel.day / YEAR % 1, {}, len(values)), Settings())
        print(f"{len(values):,} visits: {time.perf_counter() - start:.2f} s", flush=True)


def _round_page() -> None:
    """Print how long the herd round page of the sample takes, in process, when its alerts are kept."""
    with TemporaryDirectory() as where:
        folder = Path(shutil.copytree(sample_study("herd"), Path(where) / "herd"))
        study = open_study(folder)
        follow = Follow(variables=usual_variables(study, followable(study)))
        path = alerts_at(study, follow, {})
        compute_at(folder, follow, {}, path, report=lambda *_, **__: None)
        os.environ[STUDY_VARIABLE] = str(folder)
        app = AppTest.from_file(str(Path(explorer.__file__).parent / "app.py"), default_timeout=300).run()
        app.switch_page(str(shipped("pages") / "herd.py"))
        times = []
        for _ in range(6):
            start = time.perf_counter()
            app.run()
            times.append(time.perf_counter() - start)
        assert any(one.label == "Animals in the round" for one in app.metric)
    print("\n### Seconds of the herd round page of the sample\n")
    print(f"the first time {times[0]:.2f} s, then {np.median(times[1:]):.2f} s (median of {len(times) - 1})", end="; ")
    print(f"load of the machine {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
