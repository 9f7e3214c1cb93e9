"""The study at hand: opened once for everybody, chosen in the sidebar."""

import os
from pathlib import Path

import streamlit as st

from explorer.errors import UserError
from explorer.places import sample_study
from explorer.study.study import Study, open_study
from explorer.ui.failures import in_the_app
from explorer.ui.recent import recent, remember
from explorer.ui.server import STUDY_VARIABLE
from explorer.ui.state import propose, settle, view
from explorer.view import View

_CHOICE, _PATH = "study_choice", "study_path"


def default_path() -> str:
    """The study named on the command line, or the sample."""
    return str(Path(os.environ.get(STUDY_VARIABLE) or sample_study()).resolve())


def stamp(path: str) -> tuple[tuple[str, int, int], ...]:
    """What changes when a file of the study changes; part of every cache key."""
    folder = Path(path)
    files = [
        *folder.glob("*.toml"),
        *folder.glob("*.parquet"),
        *folder.glob("*.csv"),
        *folder.glob("embeddings/*"),
    ]
    stats = [(file.name, file.stat()) for file in sorted(files)]
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


@st.cache_resource(max_entries=4, show_spinner=False)
def _opened(path: str, stamped: tuple[tuple[str, int, int], ...]) -> Study:
    del stamped
    return open_study(path)


def at_hand() -> Study:
    """The study of the view at hand. Raises UserError when it cannot be opened."""
    path = view().study or default_path()
    return _opened(path, stamp(path))


def open_path(path: str) -> None:
    """Make the study at ``path`` the one at hand and remember it. Raises UserError when it cannot be opened."""
    resolved = str(Path(path).expanduser().resolve())
    study = _opened(resolved, stamp(resolved))
    remember(str(study.path))
    propose(View(study=str(study.path)))


@st.cache_data(max_entries=64, show_spinner=False)
def _name_of(path: str, changed: int) -> str:
    del changed
    try:
        return open_study(path).name
    except UserError:
        return Path(path).name


def _name(path: str) -> str:
    file = Path(path) / "study.toml"
    return _name_of(path, file.stat().st_mtime_ns if file.exists() else 0)


def labels(paths: list[str]) -> dict[str, str]:
    """A label for each study: its name, with its folder where two have the same.

    A select box knows its options by their labels, so equal ones would open the wrong study.
    """
    names = {path: _name(path) for path in paths}
    in_folder = {path: f"{name} (in {Path(path).parent.name})" for path, name in names.items()}
    return _apart(_apart(names, in_folder), {path: f"{name} ({path})" for path, name in names.items()})


def _apart(found: dict[str, str], longer: dict[str, str]) -> dict[str, str]:
    said = list(found.values())
    return {path: longer[path] if said.count(label) > 1 else label for path, label in found.items()}


def sidebar() -> None:
    """The chooser: sample, studies opened lately, a path; an upload leads to the Data page."""
    if view().study is None and os.environ.get(STUDY_VARIABLE):
        # Named in the address, so that it still means this study when the app is started with another one.
        settle(view().but(study=default_path()))
    current = view().study or default_path()
    samples = [str(sample_study(name).resolve()) for name in ("herd", "digits")]
    choices = list(dict.fromkeys([current, default_path(), *samples, *recent()]))
    st.session_state[_CHOICE] = current
    st.sidebar.selectbox(
        "Study",
        choices,
        key=_CHOICE,
        format_func=labels(choices).__getitem__,
        on_change=lambda: _try(st.session_state[_CHOICE]),
        help=f"Open now: {current}",
    )
    with st.sidebar.popover("Open another study", icon=":material/folder_open:", width="stretch"):
        st.text_input("Folder of a study", key=_PATH, placeholder="/home/me/my-study")
        st.button("Open this study", on_click=lambda: _try(st.session_state[_PATH]), type="primary", width="stretch")
        st.caption("A table of your own, or vectors? Make a study of them on the Data page, by upload or by path.")
        st.page_link(pages_data(), label="Go to Data", icon=":material/upload_file:")
    if failed := st.session_state.pop("study_error", None):
        st.sidebar.error(failed, icon=":material/error:")


def _try(path: str) -> None:
    if not path.strip():
        return
    try:
        open_path(path)
    except UserError as error:
        st.session_state["study_error"] = in_the_app(str(error))


def pages_data() -> st.Page:
    """The Data page, for links."""
    from explorer.ui.navigation import page

    return page("data")
