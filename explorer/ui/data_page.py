"""The Data page: embeddings of the study at hand, and making a study of one's own files."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pandas as pd
import streamlit as st

from explorer.errors import UserError
from explorer.learning.run_folders import read_card
from explorer.places import user_data
from explorer.space.pixels import NAME as PIXELS
from explorer.space.pixels import embed_pixels_at
from explorer.study.importing import ColumnRole, DateOrder, Part, Source, derived_variables, guess_roles, study_spec
from explorer.study.importing.request import Files, import_at
from explorer.study.schema import StudyFile, TimeUnit
from explorer.study.study import Study
from explorer.ui import embedding, jobs
from explorer.ui.failures import in_the_app
from explorer.ui.navigation import go_to, page
from explorer.ui.onnx_options import is_onnx, onnx_options
from explorer.ui.overview import show_findings
from explorer.ui.plain import count, for_markdown
from explorer.ui.studies import at_hand, open_path
from explorer.ui.uploads import TYPES, saved

_PARTS: dict[Part, str] = {
    "observation": "id of the observation",
    "animal": "animal",
    "time": "time",
    "image": "picture",
    "feature": "measured feature",
    "variable": "variable",
    "none": "keep, but do not use",
}
_ONCE: tuple[Part, ...] = ("observation", "animal", "time", "image")
_UNITS = ", ".join(get_args(TimeUnit))
_DATE_ORDERS: tuple[DateOrder, ...] = ("day-first", "month-first")
_PREVIEW = 50
_KEY = "import"


def show() -> None:
    """Draw the page."""
    st.title("Data")
    make, have = "Make a study of your own files", "Embeddings of the study at hand"
    if "data_part" not in st.session_state:
        st.session_state["data_part"] = have if _has_work() else make
    part = st.segmented_control("What to do", [make, have], key="data_part", label_visibility="collapsed")
    if part == have:
        _embeddings(at_hand())
    else:
        _import()


def _has_work() -> bool:
    """Whether the study at hand waits for its first embedding, or one is being made."""
    try:
        study = at_hand()
    except UserError:
        return False
    return study.has_pictures and (not study.embedding_names or jobs.job(f"pixels-{study.path}") is not None)


# --- embeddings ------------------------------------------------------------------------------------------


def _embeddings(study: Study) -> None:
    names = study.embedding_names
    st.markdown(f"**{for_markdown(study.name)}** has {count(len(names), 'embedding')}.")
    rows: list[dict[str, object]] = []
    for name in names:
        try:
            found = study.embedding(name)
        except UserError as error:
            rows.append({"name": name, "made by": str(error)})
            continue
        vectors = int(found.complete.sum())
        rows.append({"name": name, "made by": found.note.encoder, "dimensions": found.dims, "with a vector": vectors})
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    _encoder(study)
    if study.has_pictures:
        _pixels(study)
    elif not names:
        st.info("Without pictures, vectors come from an import: a table with feature columns, or a file of vectors.")


def _encoder(study: Study) -> None:
    """Embed the study with an encoder: one that ships, one trained on it, any model folder, or an ONNX file."""
    if not study.has_pictures and not study.feature_columns:
        return
    st.subheader("With an encoder")
    busy = embedding.watched(study)  # what was chosen stays below it: an undrawn field would forget
    another = "another folder or file"
    row = st.container(horizontal=True, vertical_alignment="bottom")
    encoders = embedding.encoders_of(study)
    chosen = row.selectbox("Encoder", [*encoders, another], key="embed_encoder", width=220)
    given = ""
    if chosen == another:
        given = row.text_input("Folder of the model, or .onnx file", key="embed_folder", width=320).strip()
    folder = encoders.get(chosen, Path(given).expanduser())
    own = folder.stem if is_onnx(folder) else folder.name
    name = row.text_input("Name of the embedding", value=own, key=f"embed_name_{folder.name}", width=200)
    unready = busy or not name or folder == Path()
    pressed = row.button("Embed", type="primary", icon=":material/play_arrow:", disabled=unready)
    options = onnx_options(study.has_pictures) if is_onnx(folder) else None
    if pressed:
        embedding.start(study, folder, name, options)
        st.rerun()
    if chosen in encoders:
        with st.expander(f"Card of {for_markdown(chosen)}: what it has learnt, and how well it does"):
            st.markdown(read_card(folder))


def _pixels(study: Study) -> None:
    key = f"pixels-{study.path}"
    job = jobs.job(key)
    st.subheader("Baseline: pixels")
    st.caption(
        "Each picture in grey, scaled down to 32 x 32 and reduced by PCA. It has learnt nothing: pictures are near "
        "when they are alike pixel by pixel. A trained encoder has to beat it."
    )
    if job is not None and job.state == "running":
        jobs.watch(key, "Reading the pictures")
        return
    if job is not None and job.state == "done":
        st.success("The embedding **pixels** is ready.", icon=":material/check:")
        st.page_link(page("map"), label="See it on the map", icon=":material/scatter_plot:")
    elif job is not None and job.state == "failed":
        _told(job.result)
    again = "Make it again" if PIXELS in study.embedding_names else "Make the baseline"
    if st.button(again, icon=":material/image:", type="primary"):
        jobs.start_anew(key, embed_pixels_at, study.path)
        st.rerun()


# --- making a study --------------------------------------------------------------------------------------


def _import() -> None:
    job = jobs.job(_job_key())
    if job is not None and job.state == "running":
        jobs.watch(_job_key(), "Making the study")
        return
    if job is not None:
        jobs.forget(_job_key())
        if job.state == "done":
            open_path(str(job.result()))
            go_to("overview")
        elif job.state == "cancelled":
            st.info("Cancelled; nothing was written.", icon=":material/cancel:")
        else:
            _told(job.result)
    files = _files()
    if files is None:
        _what_is_read()
        return
    source = _read(files, stamp_of(files))
    _what_was_found(source)
    spec = _roles(source)
    if spec is not None:
        _make(files, source, spec)


def _job_key() -> str:
    if "import_id" not in st.session_state:
        st.session_state["import_id"] = f"{_KEY}-{id(st.session_state)}-{pd.Timestamp.now().value}"
    return str(st.session_state["import_id"])


def _told(result: Callable[[], object]) -> None:
    try:
        result()
    except UserError as error:
        st.error(in_the_app(str(error)), icon=":material/error:")


def _what_is_read() -> None:
    st.markdown(
        "- **Tables**: CSV, TSV (also gzipped), Parquet. One row per observation; columns for the animal, the time, "
        "what is known and what was measured.\n"
        "- **Vectors**: npy, npz, HDF5, alone or with their table.\n"
        "- **Pictures**: a table that names picture files, and their folder (by path).\n"
        "- **TensorBoard projector** exports: the folder with projector_config.pbtxt, or its two TSV files."
    )
    st.caption("Your files stay on this computer and are only read; the study is a folder of its own.")


def _files() -> Files | None:
    """What to read, as the user says it; None until she has."""
    how = st.segmented_control("From", ["Upload", "Path on this computer"], default="Upload", key="import_from")
    source: Path | None
    vectors = images = scores = events = animals = None
    if how == "Upload":
        left, right = st.columns(2)
        main = left.file_uploader("Table or vectors", type=TYPES, key="import_upload")
        more = right.file_uploader("Vectors that belong to the table (optional)", type=TYPES, key="import_vectors")
        source = saved(main) if main else None
        vectors = saved(more) if more else None
    else:
        source = _path("File or folder", "import_path", "/data/herd.csv")
        with st.expander("More files: vectors, pictures, scores, events, animals"):
            vectors = _path("Vectors, row by row as in the table", "import_path_vectors", "/data/vectors.npy")
            images = _path("Folder that picture paths start from", "import_path_images", "/data/images")
            scores = _path("Scores: animal, time, task, value, observer", "import_path_scores", "/data/scores.csv")
            events = _path("Events: animal, time, kind", "import_path_events", "/data/events.csv")
            animals = _path("Animals: birth, sex, breed, entry, exit", "import_path_animals", "/data/animals.csv")
    if source is None:
        return None
    with st.expander("How the text is read (found out by itself)"):
        columns = st.columns(3)
        delimiter = columns[0].selectbox(
            "Between cells", [",", ";", "\t", "|"], index=None, placeholder="found out", format_func=_named_delimiter
        )
        decimal = columns[1].selectbox("Decimal mark", [".", ","], index=None, placeholder="found out")
        dates = columns[2].selectbox("Dates", _DATE_ORDERS, index=None, placeholder="found out")
    return Files(
        source=source,
        vectors=vectors,
        images=images,
        scores=scores,
        events=events,
        animals=animals,
        decimal=decimal,
        delimiter=delimiter,
        dates=dates,
    )


def _named_delimiter(mark: str) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[mark]


def _path(label: str, key: str, example: str) -> Path | None:
    text = st.text_input(label, key=key, placeholder=example).strip()
    return Path(text).expanduser() if text else None


def stamp_of(files: Files) -> tuple[tuple[str, int], ...]:
    """What changes when a file that is read changes."""
    paths = [files.source, files.vectors]
    return tuple((str(path), path.stat().st_mtime_ns) for path in paths if path is not None and path.exists())


@st.cache_resource(max_entries=2, show_spinner="Reading")
def _read(files: Files, stamped: tuple[tuple[str, int], ...]) -> Source:
    del stamped
    return files.read()


def _what_was_found(source: Source) -> None:
    table = source.table
    vectors = [f"vectors {name!r} of {found.shape[1]:,} numbers" for name, found in source.vectors.items()]
    said = [count(table.num_rows, "row"), count(table.num_columns, "column"), *vectors]
    st.subheader(f"Read: {for_markdown(', '.join(said))}")
    if source.findings:
        show_findings(list(source.findings))
    with st.expander(f"First {min(_PREVIEW, table.num_rows)} rows", expanded=False):
        st.dataframe(table.slice(0, _PREVIEW).to_pandas(), hide_index=True)


def _roles(source: Source) -> StudyFile | None:
    """The study's description after the user has looked at the guessed roles; None while something contradicts."""
    st.subheader("What the columns are")
    st.caption("Guessed from names and contents; change what is wrong. Every column is kept in the study's table.")
    guessed = guess_roles(source)
    table = pd.DataFrame(
        {
            "column": [role.column for role in guessed],
            "is": [_PARTS[role.part] for role in guessed],
            "role": [role.role or "" for role in guessed],
            "kind": [role.kind or "" for role in guessed],
            "unit": [role.unit or "" for role in guessed],
            "why": [role.why for role in guessed],
        }
    )
    edited = st.data_editor(
        table,
        key=f"roles-{source.path}",
        hide_index=True,
        height=min(38 + 35 * len(table), 460),
        disabled=["column", "why"],
        column_config={
            "is": st.column_config.SelectboxColumn("is", options=list(_PARTS.values()), required=True),
            "role": st.column_config.SelectboxColumn(
                "role",
                options=["", "background", "task"],
                help="task: a label to express, as a score; background: the rest",
            ),
            "kind": st.column_config.SelectboxColumn(
                "kind", options=["", "continuous", "ordinal", "nominal", "cyclic"]
            ),
            "unit": st.column_config.TextColumn("unit", help=f"For a numeric time one of: {_UNITS}"),
            "why": st.column_config.TextColumn("why", width="large"),
        },
    )
    roles = _edited_roles(guessed, edited)
    for part in _ONCE:
        chosen = [role.column for role in roles if role.part == part]
        if len(chosen) > 1:
            st.error(f"Two columns are the {_PARTS[part]}: {', '.join(chosen)}. Keep one of them.")
            return None
    derived = derived_variables(source, roles)
    if derived:
        names = st.multiselect(
            "Also derive", list(derived), default=list(derived), help="Variables that follow from the dates."
        )
        derived = {name: derived[name] for name in names}
    description = f"Imported from {source.path.name}."
    return study_spec(source, roles, name=_name(source), derived=derived, description=description)


def _edited_roles(guessed: tuple[ColumnRole, ...], edited: pd.DataFrame) -> list[ColumnRole]:
    part_of = {said: part for part, said in _PARTS.items()}
    cells = edited.astype(object).where(edited.notna(), None).to_dict("records")
    return [
        replace(
            role, part=part_of[row["is"]], role=row["role"] or None, kind=row["kind"] or None, unit=row["unit"] or None
        )
        for role, row in zip(guessed, cells, strict=True)
    ]


def _name(source: Source) -> str:
    st.subheader("Make the study")
    return st.text_input("Name", value=source.name, key=f"name-{source.path}").strip() or source.name


def _make(files: Files, source: Source, spec: StudyFile) -> None:
    folder = re.sub(r"[^\w-]+", "-", spec.study.name.lower()).strip("-") or "study"
    out = st.text_input(
        "Folder to make", value=str(user_data() / "studies" / folder), key=f"out-{source.path}-{folder}"
    )
    if Path(out).expanduser().exists():
        st.warning("This folder exists already and is never overwritten: choose another one.", icon=":material/folder:")
    elif st.button("Make the study", type="primary", icon=":material/create_new_folder:"):
        jobs.start(_job_key(), import_at, files, spec, Path(out).expanduser())
        st.rerun()
