"""Saved views, named selections and what was decided, in one menu beside the map."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Literal

import streamlit as st

from explorer.decisions.checking import notes
from explorer.decisions.history import history
from explorer.decisions.place import place_of
from explorer.decisions.selections import NamedSelection, name_selection, named_selections, remove_selection
from explorer.decisions.undoing import next_redo, next_undo, redo, undo
from explorer.decisions.views import SavedView, remove_view, save_view, saved_views
from explorer.errors import UserError
from explorer.study.study import Study
from explorer.ui.plain import count, for_markdown
from explorer.ui.state import propose, view
from explorer.view import Group, Selection, Stroke, View

_LAST = 15
_VIEWS, _SELECTIONS, _HISTORY = "Views", "Selections", "History"


def kept_menu(study: Study) -> None:
    """A button that opens what is kept of this study."""
    menu = st.popover(
        "Saved",
        icon=":material/bookmark:",
        help="Saved views, named selections, and undo",
        key="kept_menu",
        on_change="rerun",  # so that nothing is read while it is closed
    )
    if not menu.open:
        return
    with menu:
        shown = st.segmented_control(
            "Saved", [_VIEWS, _SELECTIONS, _HISTORY], default=_VIEWS, key="kept_shown", label_visibility="collapsed"
        )
        try:
            {_VIEWS: _views, _SELECTIONS: _selections, _HISTORY: _history}.get(shown or _VIEWS, _views)(study)
        except UserError as error:
            st.error(str(error), icon=":material/error:")


def name_menu(study: Study, selected: int) -> None:
    """A button that gives the present selection a name."""
    with st.popover("Give a name", icon=":material/label:", disabled=not selected):
        _naming(
            "Name of the selection",
            "kept_selection_name",
            "Keep it",
            lambda name: name_selection(study, name, view().selection, count=selected, made_on=_here()),
            f"{count(selected, 'observation')} kept as",
            lambda: [one.name for one in named_selections(study)],
        )
        st.caption("It becomes a column of every file that you save, and can be selected again under *Saved*.")


def _here() -> View:
    return view().but(study=None)  # the study may be moved


def trying(deed: Callable[[], object], said: str) -> None:
    """Do ``deed`` and say that it is done, or why it is not. For callbacks."""
    try:
        deed()
    except UserError as error:
        st.toast(str(error), icon=":material/error:")
    else:
        st.toast(said, icon=":material/check:")


def _naming(
    label: str, key: str, button: str, keep: Callable[[str], object], said: str, there: Callable[[], list[str]]
) -> None:
    def pressed() -> None:
        name = str(st.session_state[key])
        again = name.strip() in there()
        after = ", in place of what had that name before; Saved, History takes it back" if again else ""
        trying(lambda: keep(name), f"{said} {name.strip()!r}{after}")

    with st.form(f"{key}_form", border=False, clear_on_submit=True):
        st.text_input(label, key=key, max_chars=80, placeholder="say what it shows")
        st.form_submit_button(button, on_click=pressed, type="primary", icon=":material/bookmark_add:")


def _ago(when: datetime) -> str:
    minutes = int((datetime.now(UTC) - when).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{count(minutes, 'minute')} ago"
    return f"{count(minutes // 60, 'hour')} ago" if minutes < 24 * 60 else f"{when:%d %b %Y}".lstrip("0")


def _views(study: Study) -> None:
    _naming(
        "Save what you look at now",
        "kept_view_name",
        "Save",
        lambda name: save_view(study, name, _here()),
        "The view is saved as",
        lambda: [one.name for one in saved_views(study)],
    )
    found = saved_views(study)
    if not found:
        st.caption("Nothing saved yet. A view is all of this page: map, colour, filters, selection, animal.")
    for one in reversed(found):
        open_ = None if one.view is None else partial(propose, one.view.but(study=view().study))
        _line(one, "open", open_, partial(remove_view, study, one.name))


def _selections(study: Study) -> None:
    found = named_selections(study)
    if not found:
        st.caption("No selection has a name yet. Draw around points, then *Give a name* below the map.")
    for one in reversed(found):
        select = None if one.selection is None or one.view is None else partial(_select, one)
        _line(one, "select", select, partial(remove_selection, study, one.name))
        if select is not None and not view().selection.is_empty:
            _combine(one)


How = Literal["add", "remove", "keep"]

_WAYS: tuple[tuple[How, str, str, str], ...] = (
    ("add", "or", ":material/join_full:", "Select what is in the present selection, in this one, or in both"),
    ("remove", "not", ":material/join_left:", "Select what is in the present selection and not in this one"),
    ("keep", "and", ":material/join_inner:", "Select what is in both"),
)


def _combine(one: NamedSelection) -> None:
    """Buttons that make the present selection one of both."""
    row = st.container(horizontal=True)
    for how, label, icon, said in _WAYS:
        row.button(
            label,
            key=f"kept-{how}-{one.seq}",
            on_click=partial(_combined, one, how),
            help=said,
            type="tertiary",
            icon=icon,
        )


def _combined(one: NamedSelection, how: How) -> None:
    """The present selection, as the filters show it, and then the named one, as its own filters did."""
    assert one.selection is not None
    assert one.view is not None
    here = view()
    named = Stroke(how=how, group=Group(strokes=one.selection.strokes, filters=one.view.filters, name=one.name))
    before = here.selection.strokes
    if here.filters:  # else what was asked for would be hidden by them
        before = (Stroke(group=Group(strokes=before, filters=here.filters)),)
        st.toast("The filters are now part of the selection, and no longer set.", icon=":material/filter_alt_off:")
    propose(here.but(selection=Selection(strokes=(*before, named)), filters=()))


def _select(one: NamedSelection) -> None:
    """Select it again as it was: with the filters under which it was made, which took part in it."""
    assert one.view is not None
    before = view().filters
    propose(view().but(selection=one.selection, filters=one.view.filters))
    if before != one.view.filters:
        st.toast("The filters under which it was made are set again.", icon=":material/filter_alt:")


def _line(
    one: SavedView | NamedSelection, verb: str, deed: Callable[[], None] | None, remove: Callable[[], object]
) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    said = f"{one.who}, {_ago(one.when)}"
    if isinstance(one, NamedSelection) and one.count is not None:
        said = f"{count(one.count, 'observation')} · {said}"
    row.button(
        for_markdown(one.name),
        key=f"kept-{verb}-{one.seq}",
        on_click=deed,
        disabled=deed is None,
        help=one.trouble or f"{verb.capitalize()} it. {said}",
        width="stretch",
    )
    row.button(
        "Remove",
        key=f"kept-remove-{verb}-{one.seq}",
        on_click=lambda: trying(remove, f"{one.name!r} is removed; History can undo that"),
        icon=":material/delete:",
        help="Remove it (can be undone)",
        type="tertiary",
        width="content",
    )
    st.caption(one.trouble or said)


def _history(study: Study) -> None:
    last, undone = next_undo(study), next_redo(study)
    left, right = st.columns(2)
    left.button(
        "Undo the last decision",
        key="kept_undo",
        disabled=last is None,
        on_click=lambda: trying(partial(undo, study), "Undone"),
        icon=":material/undo:",
        help=None if last is None else f"Undoes: {for_markdown(last.sentence)}",
        width="stretch",
    )
    right.button(
        "Redo",
        key="kept_redo",
        disabled=undone is None,
        on_click=lambda: trying(partial(redo, study), "Done again"),
        icon=":material/redo:",
        help=None if undone is None else f"Does again: {for_markdown(undone.sentence)}",
        width="stretch",
    )
    for note in notes(study):
        st.warning(str(note), icon=":material/warning:")
    entries = history(study)
    for entry in reversed(entries[-_LAST:]):
        sentence = for_markdown(entry.sentence)
        st.markdown(f"{entry.seq}. {f'~~{sentence}~~ (undone)' if entry.undone else sentence}, {_ago(entry.when)}")
    if len(entries) > _LAST:
        st.caption(f"The last {_LAST} of {len(entries):,}.")
    st.caption(for_markdown(str(place_of(study))))
