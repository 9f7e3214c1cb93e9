"""What a tested threshold came to: the verdict first, then what is promised, and the parts that show why."""

import pandas as pd
import streamlit as st

from explorer.recognition.arms import CONDITIONED, GLOBAL, SHUFFLED, STRATUM
from explorer.recognition.arms_table import arms_frame, strata_frame
from explorer.recognition.evidence import Evidence
from explorer.recognition.mondrian import STRICTEST
from explorer.recognition.promise import jointly, offers, percent, surely
from explorer.recognition.separation import Separation
from explorer.recognition.separation import said as said_of_pairs
from explorer.study.study import Study
from explorer.ui.palette import palette
from explorer.ui.plain import count, for_markdown
from explorer.ui.threshold.changed import changed
from explorer.ui.threshold.charts import det_chart, pairs_chart, within_chart
from explorer.ui.threshold.component import draggable_tau
from explorer.ui.threshold.form import LEAVE_OUT
from explorer.ui.threshold.message import SCORES

_BY_HAND, _STRATA, _CHANGED, _ARMS = "Tau by hand", "Strata", "Changed verdicts", "Arms compared"

_COLUMNS = {
    "tau": st.column_config.NumberColumn(format="%.4g", help="Plain distances: accept below"),
    "calibrated with": st.column_config.NumberColumn(help="Unknown animals of the calibration in this stratum"),
    "missing": st.column_config.NumberColumn(help="Animals that it lacks for a threshold of its own"),
    "with one for all": st.column_config.TextColumn(help="False accepts here of one threshold for all"),
}


def verdict(found: Evidence) -> None:
    """Whether conditioning helps, with its evidence; the promise, and what had to be given up for it."""
    facts = found.facts
    deltas = [facts["delta"][name] for name in CONDITIONED]
    helps = any(one["low"] > 0 and one["beats_shuffled"] for one in deltas)
    (st.success if helps else st.info)(
        f"**{for_markdown(facts['verdict'])}**", icon=":material/check:" if helps else ":material/balance:"
    )
    everyone, split = next(one for one in facts["arms"] if one["name"] == GLOBAL), facts["split"]
    sentence = facts["guarantee"]["sentence"]
    st.markdown(
        f"One threshold for all: accept below **{found.taus(GLOBAL)['all']:.4g}**. It promises that "
        f"{for_markdown(sentence)}. On the test it accepted {_share(everyone, 'fpir')} of the searches for "
        f"{count(split['test']['animals'], 'unknown animal')}, and knew {_share(everyone, 'tar')} of those for "
        f"{count(split['known']['animals'], 'known animal')} again."
    )
    st.caption(
        f"Gallery before {split['t0']} ({count(split['gallery']['animals'], 'animal')}), calibrated until "
        f"{split['t1']} on {count(split['calibration']['animals'], 'other')}, tested after that on yet others; "
        f"{count(split['adjustment']['animals'], 'animal')} more to adjust with. No animal plays two parts. "
        "The promise is for animals and times like those that it was calibrated on. Intervals are 95 %, over animals."
    )
    for remark in facts["remarks"]:
        here = remark.replace("--model leaves them out", f"{LEAVE_OUT!r}, above, leaves them out")
        st.caption(f":material/info: {for_markdown(here[0].upper() + here[1:])}.")


def _share(arm: dict[str, float], name: str) -> str:
    return f"{arm[name]:.1%} ({arm[f'{name}_low']:.1%} to {arm[f'{name}_high']:.1%})"


def parts(study: Study, stamped: tuple[object, ...], found: Evidence) -> None:
    """One part at a time: what is not looked at costs nothing."""
    picked = st.segmented_control(
        "What to look at",
        [_BY_HAND, _STRATA, _CHANGED, _ARMS],
        default=_BY_HAND,
        required=True,
        key="threshold_part",
        label_visibility="collapsed",
    )
    if picked == _STRATA:
        _strata(found)
    elif picked == _CHANGED:
        changed(study, stamped, found)
    elif picked == _ARMS:
        _arms(found)
    else:
        _by_hand(found)


def _by_hand(found: Evidence) -> None:
    arm = st.selectbox("Measured by", list(SCORES), format_func=SCORES.__getitem__, key="threshold_scores", width=360)
    draggable_tau(found, arm)
    st.caption(
        "Searches of the test: each animal counts once, however often it was seen. Blue: known animals, nearest to one "
        "of their own; purple: nearest to another animal; orange: unknown ones. What is shaded is wrong at this tau. "
        "Drag the line, or move it with the arrow keys (Shift: ten steps). Looking for a tau on the test flatters: "
        "what is promised holds for the fitted ones only."
    )


def _strata(found: Evidence) -> None:
    frame = strata_frame(found, STRATUM)
    guarantee = found.facts["guarantee"]
    st.subheader("What can be promised")
    calibration = found.facts["split"]["calibration"]["animals"]
    known = [n for label, n in guarantee["animals"].items() if guarantee["taken_from"].get(label) != STRICTEST]
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "at most": percent(one.fpir),
                    "animals it needs": one.least,
                    "on average only": one.average,
                    "missing, all together": one.missing,
                    "strata that can": f"{one.strata} of {len(known)}",
                }
                for one in offers(calibration, known, guarantee["confidence"])
            ]
        ),
        hide_index=True,
    )
    st.caption(
        f"For {count(calibration, 'animal')} to calibrate with, {surely(guarantee['confidence'])}: a quarter of "
        "the study or so; the others are in the gallery, are tested on, or adjust."
    )
    st.subheader("Thresholds of the strata")
    st.dataframe(_strata_shown(frame), hide_index=True, column_config=_COLUMNS)
    st.caption(
        "Test: at the stratum's threshold. A stratum with too few animals takes the threshold of a larger one, whose "
        "promise holds for that larger one only. " + jointly(len(known), guarantee["confidence"])
    )
    st.subheader("How far one animal lies from itself, and from others")
    for sentence in said_of_pairs(found.separation, found.figure_taus):
        st.markdown(for_markdown(sentence))
    st.plotly_chart(
        within_chart(found.separation, found.figure_taus, palette()),
        key="threshold_within",
        config={"displayModeBar": False},
        alt="In each stratum: the largest distance of two sightings of one animal, the smallest of two animals, tau",
    )
    if len(found.labels) > 1:
        st.plotly_chart(
            pairs_chart(found.separation, palette()),
            key="threshold_pairs",
            config={"displayModeBar": False},
            alt="For each pair of strata: the smallest distance of two animals less the largest within one animal",
        )
    left_out = found.separation.left_out
    st.caption(
        f"Plain distances of every two among {_of(found.separation)}. Largest and smallest values hang on single "
        "pictures and grow apart with the number of animals: a gap below 0 is the rule. In each cell, above: one "
        "animal at most; below: two animals at least."
        + (f" {count(left_out, 'smaller stratum', 'smaller strata')} not drawn." if left_out else "")
    )


def _of(pairs: Separation) -> str:
    if pairs.rows == pairs.of:
        return count(pairs.of, "observation")
    return f"{pairs.rows:,} of {pairs.of:,} observations, those of animals drawn at random"


def _strata_shown(frame: pd.DataFrame) -> pd.DataFrame:
    shares = {name: _interval(frame, name) for name in ("fpir", "tar")}
    return pd.DataFrame(
        {
            "stratum": frame["stratum"],
            "tau": frame["tau"],
            "calibrated with": frame["calibrated_with"],
            "missing": frame["missing"],
            "takes that of": frame["taken_from"],
            "false accepts": shares["fpir"],
            "unknown animals": frame["unknown"],
            "with one for all": frame["fpir_global"].map(lambda one: "–" if pd.isna(one) else f"{one:.1%}"),
            "known again": shares["tar"],
            "known animals": frame["known"],
        }
    )


def _interval(frame: pd.DataFrame, name: str) -> list[str]:
    return [
        "–" if pd.isna(value) else f"{value:.1%} ({low:.1%} to {high:.1%})"
        for value, low, high in zip(frame[name], frame[f"{name}_low"], frame[f"{name}_high"], strict=True)
    ]


def _points(difference: float) -> str:
    return f"{round(100 * difference, 1) + 0.0:+.1f}"  # nothing has no sign but a plus


def _arms(found: Evidence) -> None:
    fpir = found.facts["guarantee"]["fpir"]
    frame = arms_frame(found)
    helps = [
        "" if name == GLOBAL else "yes" if low > 0 and beats else "no"
        for name, low, beats in zip(frame["arm"], frame["more_low"], frame["beats_shuffled"], strict=True)
    ]
    st.dataframe(
        pd.DataFrame(
            {
                "arm": frame["arm"],
                f"known again at FPIR {percent(fpir)}": _interval(frame, "tar_at"),
                "more than one for all": [
                    "" if pd.isna(one) else f"{_points(one)} points ({_points(low)} to {_points(high)})"
                    for one, low, high in zip(frame["more"], frame["more_low"], frame["more_high"], strict=True)
                ],
                "beats shuffled": ["" if one is None else "yes" if one else "no" for one in frame["beats_shuffled"]],
                "helps": helps,
                "false accepts": _interval(frame, "fpir"),
                "known again": _interval(frame, "tar"),
                "worst stratum": frame["worst_stratum"].fillna("–"),
                "its false accepts": [("–" if pd.isna(one) else f"{one:.1%}") for one in frame["worst_fpir"]],
                "BAKS": frame["baks"],
                "BAUS": frame["baus"],
                "missed at 1 %": frame["fnir_1"],
                "missed at 10 %": frame["fnir_10"],
            }
        ),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="percent")
            for name in ("BAKS", "BAUS", "missed at 1 %", "missed at 10 %")
        },
    )
    st.caption(
        "First where every arm accepts the same share of unknown animals, which is the only fair comparison: a tighter "
        "threshold alone accepts fewer of all. Then at each arm's own thresholds (false accepts, known again, worst "
        "stratum, BAKS and BAUS: balanced accuracy on known and unknown animals). Intervals of differences hold for "
        f"all arms together; an arm helps when its interval lies above 0 and it beats '{SHUFFLED}', the same strata "
        "dealt at random."
    )
    st.plotly_chart(
        det_chart(found, fpir, palette()),
        key="threshold_det",
        config={"displayModeBar": False},
        alt="Misses against false accepts of each arm, as its thresholds move",
    )
    st.caption(f"Conditioned arms: {', '.join(CONDITIONED)}. Lower and further left is better.")
