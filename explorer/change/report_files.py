"""Reports and tables of alerts as files, with the manifest that says how each is made again."""

import shlex
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from explorer.change.alerts import Alerts
from explorer.change.paper import Paper
from explorer.change.report import report_pdf
from explorer.change.round_report import round_pdf
from explorer.change.round_shown import round_of, shown_alerts
from explorer.change.series import vectors_of
from explorer.study.export import Format, manifest, table_bytes
from explorer.study.study import Study
from explorer.view import Follow, View, to_query

Made = tuple[bytes, dict[str, Any]]
"""The bytes of a file, and its manifest."""


def follow_words(follow: Follow) -> list[str]:
    """Settings of following as options of the commands ``changes`` and ``report``."""
    words: list[object] = ["--variable", *follow.variables, "--rate", follow.rate, "--method", follow.method]
    words += ["--memory", follow.memory]
    for name in ("covariates", "unhealthy"):
        if getattr(follow, name):
            words += [f"--{name}", *getattr(follow, name)]
    return [str(word) for word in words]


def report_file(
    study: Study,
    alerts: Alerts,
    view: View,
    *,
    file: str,
    decisions: int,
    paper: Paper = "A4",
    as_of: str | None = None,
    more: Sequence[str] = (),
) -> Made:
    """The report of the animal of ``view``, or of its round where it has none, called ``file``.

    ``alerts`` must be those of ``view.follow`` (with its variables named) and of what had been decided after event
    number ``decisions``, of nothing later than ``as_of`` (as the study writes times). ``more``: words of the
    command that no view has. Raises UserError as ``report_pdf`` and ``shown_round`` do.
    """
    if view.animal is not None:
        content = report_pdf(study, view.animal, alerts, paper=paper, decisions=decisions)
        whom = ["--animal", view.animal]
    else:
        content = round_pdf(study, alerts, round_of(study, alerts, view, decisions), paper=paper)
        whom = ["--round", *_view_words(view)]
    words = ["report", str(study.path), *whom, *follow_words(view.follow)]
    words += [*more, "--paper", paper]
    return content, _described(study, alerts, view.follow, file, content, len(alerts.table), words, decisions, as_of)


def alerts_file(study: Study, alerts: Alerts, view: View, *, file: str, decisions: int, format: Format = "csv") -> Made:
    """The alerts that ``view`` shows as a table with the columns of ``changes``: those of its animal, or of its round,
    up to its day; all where it asks for nothing. ``alerts`` as in ``report_file``."""
    table = shown_alerts(study, alerts, view, decisions)
    content = table_bytes(table, format)
    words = ["changes", str(study.path), *follow_words(view.follow), *_view_words(view)]
    return content, _described(study, alerts, view.follow, file, content, len(table), words, decisions, None)


def _view_words(view: View) -> list[str]:
    """The view as an option, where it asks for anything."""
    query = to_query(View(animal=view.animal, filters=view.filters, round=view.round))
    return ["--view", urlencode(query)] if query else []


def _described(
    study: Study,
    alerts: Alerts,
    follow: Follow,
    file: str,
    content: bytes,
    rows: int,
    words: Sequence[str],
    decisions: int,
    as_of: str | None,
) -> dict[str, Any]:
    when = [] if as_of is None else ["--as-of", as_of]
    return manifest(
        file=file,
        content=content,
        rows=rows,
        command=shlex.join(["latent-explorer", *words, *when, "--decisions", str(decisions), "--out", file]),
        study={"name": study.name, "data_sha256": study.data_hash},
        embeddings=vectors_of(study, follow.variables),
        decisions=decisions,
        as_of=as_of,
        **alerts.facts,
        summary=[*alerts.remarks, alerts.summary],
    )
