"""A value typed at the animal: judged as it will be once it is in the study, and not kept."""

import numpy as np
import pandas as pd
import pytest
from change.watched import celled, watched

from explorer.change.alerts import alerts_of
from explorer.change.known_backgrounds import backgrounds_of
from explorer.change.monitor import monitor_of
from explorer.change.one_more import one_more
from explorer.errors import UserError

pytestmark = pytest.mark.usefixtures("quick_limits")
WELL = "cow-12"


def asked(study, alerts, task):
    followed = alerts.followed[task]
    monitor = monitor_of(followed, backgrounds_of(study, followed.series))
    last = float(followed.panel.day.max())

    def ask(value, animal=WELL, after=10.0):
        return one_more(study, followed, monitor, animal, value, last + after)

    return ask, followed, last


@pytest.mark.slow
def test_it_says_what_the_study_will_say_once_the_value_is_in_it(herd):
    study = watched(herd).open()
    ask, followed, last = asked(study, alerts_of(study, ["weight"]), "weight")
    usual = float(np.median(followed.series.value[followed.series.animal == followed.series.animals.index(WELL)]))
    when = np.datetime64("1970-01-01", "us") + np.timedelta64(int(last + 10), "D")
    before = herd.observations
    for value, alerted in ((usual, False), (usual - 120, True), (usual + 120, True)):
        said, would = ask(value)
        assert (would, ask(value)) == (alerted, (said, would)), "asking keeps nothing"
        row = pd.DataFrame(
            {"observation_id": ["z"], "animal_id": [WELL], "captured_at": [when], "parity": [1], "weight": [value]}
        )
        herd.observations = pd.concat([before, row], ignore_index=True)
        found = alerts_of(herd.open(), ["weight"])
        real = found.table[(found.table["animal_id"] == WELL) & (found.table["day"] == last + 10)]
        assert len(real) == alerted
        assert f"Weight {value:g} kg on " in said and ("would be an alert" in said) == alerted
        if alerted:
            assert f"({real['channel'].iloc[0]})" in said


def test_on_a_logarithm_it_is_told_as_measured(herd):
    study = celled(herd).open()
    ask, followed, _ = asked(study, alerts_of(study, ["log2:cells"]), "log2:cells")
    own = followed.series.value[followed.series.animal == followed.series.animals.index(WELL)]
    said, alerted = ask(float(2 ** np.median(own)))
    assert not alerted
    low, high = (float(one) for one in said.partition("expected")[2].split("(")[1].split(")")[0].split(" to "))
    assert 0 < low < 2 ** np.median(own) < high
    assert ask(float(2 ** (np.median(own) + 5)))[1]


def test_what_cannot_be_judged_is_refused_in_a_sentence(herd):
    study = watched(herd).open()
    ask, _, _ = asked(study, alerts_of(study, ["weight"]), "weight")
    with pytest.raises(UserError, match=r"Weight of cow-12 was measured on .*Choose a later day"):
        ask(600.0, after=-400.0)
    with pytest.raises(UserError, match="Weight of ghost was never measured"):
        ask(600.0, animal="ghost")
    with pytest.raises(UserError, match="nan is no value of a visit"):
        ask(float("nan"))
