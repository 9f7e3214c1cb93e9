"""The Animal page: one animal, how it is doing, what changed, since when, how sure that is, and what to check."""

import streamlit as st

from explorer.change.alerts import Alerts
from explorer.change.false_alerts import ENOUGH
from explorer.change.standing import Standing, standing_of
from explorer.decisions.alert_verdicts import Resolutions, resolutions
from explorer.errors import UserError
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui.alerts_saving import alerts_saving
from explorer.ui.animal.alerts_panel import alerts_panel
from explorer.ui.animal.beside_it import alerts_of_methods, beside_it
from explorer.ui.animal.choosing import animals_of, choose
from explorer.ui.animal.compared import compare_with
from explorer.ui.animal.course import Course
from explorer.ui.animal.courses import courses_of
from explorer.ui.animal.events_panel import events_panel
from explorer.ui.animal.header import header
from explorer.ui.animal.legend import legend_html
from explorer.ui.animal.looking_back import looking_back, which_charts
from explorer.ui.animal.one_more_panel import one_more_panel
from explorer.ui.animal.path_panel import path_panel
from explorer.ui.animal.then_and_now import then_and_now
from explorer.ui.animal.trajectory import trajectory
from explorer.ui.following import choices, follow_controls, following, rate_slider
from explorer.ui.maps import chosen_embedding, opened_embedding
from explorer.ui.observers import change_believed
from explorer.ui.palette import palette
from explorer.ui.plain import count, for_markdown
from explorer.ui.state import view
from explorer.ui.studies import stamp
from explorer.view import View

_PARTS = ("choice", "making", "header", "controls", "charts", "below", "then", "path")


def show(study: Study) -> None:
    """Draw the page."""
    labels = _labels(study)
    if labels is None:
        return
    choice, making, top, controls, charts, below, then, path = (st.container(key=f"animal-{name}") for name in _PARTS)
    stamped = stamp(str(study.path))
    with choice:
        animal = choose(study)
    with controls, st.container(horizontal=True, vertical_alignment="bottom"):
        follow_controls(study)
        rate_slider()
    with making:
        alerts = following(study)
    standing = _standing(alerts, animal)
    with top:
        header(study, alerts, standing, animal, labels)
    decided = resolutions(study)
    with charts:
        if which_charts():
            looking_back(study, stamped, animal, labels)
        elif alerts is not None:
            _charts(study, alerts, standing, animal, labels, decided)
    if alerts is not None:
        with below:
            _below(study, alerts, standing, animal, labels, decided)
    embedding = _embedding(study, stamped)
    with then:
        then_and_now(study, stamped, animal, embedding, None if standing is None else standing.since)
    if embedding is not None:
        with path:
            st.subheader("Its way through the latent space")
            path_panel(study, stamped, embedding, animal)


def _labels(study: Study) -> dict[str, str] | None:
    """What can be followed; None, with the reason on the page, where this study has no animals in time."""
    try:
        found = choices(study)
    except UserError as error:
        st.title("Animal")
        st.info(str(error), icon=":material/pets:")
        return None
    if not animals_of(study):
        st.title("Animal")
        st.info("This study has no observation of a known animal.", icon=":material/pets:")
        return None
    return found


def _standing(alerts: Alerts | None, animal: str) -> Standing | None:
    """How the animal stands; None while that is not known, and when nothing that is followed was measured of it."""
    try:
        return None if alerts is None else standing_of(alerts, animal)
    except UserError:
        return None


def _embedding(study: Study, stamped: tuple[object, ...]) -> Embedding | None:
    name = chosen_embedding(study, view())
    return None if name is None else opened_embedding(study, stamped, name)


def _charts(
    study: Study,
    alerts: Alerts,
    standing: Standing | None,
    animal: str,
    labels: dict[str, str],
    decided: Resolutions,
) -> None:
    """A chart for each task, all over the same days."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Compare", icon=":material/compare_arrows:", width="content"):
            beside = compare_with(study, alerts, animal)
            methods, frozen = beside_it(study, alerts)
        one_more_panel(study, alerts, animal, labels)
    others = alerts_of_methods(study, methods)
    trends = {} if standing is None else dict(zip(standing.rows["task"], standing.rows["trend"], strict=True))
    courses = courses_of(study, alerts, animal, labels, decided, beside, trends, others, frozen)
    if courses:
        st.html(legend_html(palette(), next(iter(beside.values()), None), frozen=frozen, others=list(others)))
    believed = change_believed(study, tuple(courses))
    for task, course in courses.items():
        st.markdown(_heading(course))
        st.plotly_chart(
            trajectory(course, palette()),
            theme=None,
            config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
            key=f"trajectory-{task}",
            alt=course.alt,
        )
        if task in believed:
            st.caption(f":material/groups: {believed[task]}")
    for remark in _remarks(courses):
        st.caption(f":material/info: {remark}")
    if courses:
        with st.expander("The same as a table"):
            _tables(courses)


_TRENDS = {-1: " · :material/trending_down: falling", 0: "", 1: " · :material/trending_up: rising"}


def _heading(course: Course) -> str:
    """What the chart is of, where it heads, and on how much its bands rest."""
    herd = f"; the herd's of {count(course.herd, 'animal')}" if course.herd else ""
    alerted = int(course.visits["alerted"].sum())
    told = f" · :orange[:material/notification_important:] {count(alerted, 'visit')} with an alert" if alerted else ""
    learnt = len(course.visits) - int(course.visits["held"].sum())  # alerts are no part of its normal
    rests = f"its own band from {count(learnt, 'visit')}{herd}"
    return f"**{for_markdown(course.title)}**{_TRENDS[course.trend]}{told} · :gray[{rests}]"


def _remarks(courses: dict[str, Course]) -> list[str]:
    said = []
    few = {course.herd for course in courses.values() if 0 < course.herd < ENOUGH}
    if few:
        said.append(f"The herd's band is of {min(few):,} animals; {ENOUGH} are needed for one that can be relied on.")
    if any(course.herd == 0 for course in courses.values()):
        said.append("Where no band is drawn, too little had been seen by then to know what is usual.")
    return said


def _tables(courses: dict[str, Course]) -> None:
    columns = ("time", "value", "expected", "low", "high", "population_low", "population_high", "alerted", "new")
    for course in courses.values():
        st.markdown(f"**{for_markdown(course.title)}**" + (f" ({for_markdown(course.unit)})" if course.unit else ""))
        st.dataframe(course.visits[list(columns)], hide_index=True)


def _below(
    study: Study,
    alerts: Alerts,
    standing: Standing | None,
    animal: str,
    labels: dict[str, str],
    decided: Resolutions,
) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        alerts_panel(study, alerts, animal, labels, decided)
    with right:
        events_panel(study, animal)
        if standing is not None:
            st.subheader("Take away")
            at = View(animal=animal)
            alerts_saving(study, alerts, at, decided.as_of, report="Report on one page (PDF)")
