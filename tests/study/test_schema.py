import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import UserError
from explorer.study.schema import StudyFile, read_study_file, study_file_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
POSITIVE = st.floats(min_value=1e-6, max_value=1e6)


@st.composite
def variables(draw):
    kind = draw(st.sampled_from(["continuous", "ordinal", "nominal", "cyclic"]))
    origin = draw(st.sampled_from(["column", "score", "derive"]))
    raw = {"kind": kind, "role": draw(st.sampled_from(["background", "task"]))}
    if origin == "derive":
        raw["derive"] = {
            "from": draw(NAMES),
            "as": draw(st.sampled_from(["season", "month", "hour", "age", "days_since"])),
            "hemisphere": draw(st.sampled_from(["north", "south"])),
        }
    else:
        raw[origin] = draw(NAMES)
    if origin == "score" and draw(st.booleans()):
        raw["max_gap"] = draw(POSITIVE)
    if kind == "cyclic":
        raw["period"] = draw(POSITIVE)
    if kind == "ordinal":
        raw["order"] = draw(st.lists(TEXT, max_size=4))
    for name in ("unit", "label"):
        if draw(st.booleans()):
            raw[name] = draw(TEXT)
    if draw(st.booleans()):
        raw["relevant_change"] = draw(POSITIVE)
    return raw


SPECS = st.builds(
    lambda name, simulated, columns, found: StudyFile.model_validate(
        {"study": {"name": name, "simulated": simulated}, "columns": columns, "variables": found}
    ),
    NAMES,
    st.booleans(),
    st.fixed_dictionaries(
        {}, optional={"animal": TEXT, "features": st.lists(TEXT, max_size=3), "time_unit": st.just("days")}
    ),
    st.dictionaries(NAMES, variables(), max_size=3),
)


@given(SPECS)
def test_text_reads_back_as_the_same_description(spec):
    assert StudyFile.model_validate(tomllib.loads(study_file_text(spec))) == spec


def test_text_with_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path):
    (tmp_path / "study.toml").write_bytes(b'\xef\xbb\xbf[study]\r\nname = "Bern"\r\n')
    assert read_study_file(tmp_path).study.name == "Bern"


GOOD = '[study]\nname = "Bern"\n'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "study.toml: study"),
        ('[study]\nname = ""\n', "study.name"),
        (GOOD + 'colour = "red"\n', "study.colour"),
        (GOOD + '[columns]\nanimals = "cow"\n', "columns.animals"),
        (GOOD + '[columns]\ntime_unit = "hours"\n', "columns.time_unit"),
        (GOOD + '[columns]\nfeatures = "p_*"\n', "columns.features"),
        (GOOD + '[variables.age]\ncolumn = "age"\nkind = "number"\n', "variables.age.kind"),
        (GOOD + '[variables.age]\ncolumn = "age"\n', "variables.age.kind"),
        (GOOD + '[variables.age]\nkind = "nominal"\n', "variables.age: give exactly one of column, derive and score"),
        (GOOD + '[variables.a]\ncolumn = "a"\nscore = "a"\nkind = "nominal"\n', "variables.a: give exactly one"),
        (GOOD + '[variables.a]\ncolumn = "a"\nkind = "nominal"\nmax_gap = 3\n', "variables.a: max_gap belongs"),
        (GOOD + '[variables.a]\nscore = "a"\nkind = "nominal"\nmax_gap = 0\n', "variables.a.max_gap"),
        (GOOD + '[variables.a]\ncolumn = "a"\nkind = "nominal"\norder = ["x"]\n', "variables.a: order belongs"),
        (GOOD + '[variables.a]\ncolumn = "a"\nkind = "cyclic"\n', "variables.a: a cyclic variable needs its period"),
        (GOOD + '[variables.a]\ncolumn = "a"\nkind = "cyclic"\nperiod = inf\n', "variables.a.period"),
        (GOOD + '[variables.a]\nkind = "nominal"\nderive = { from = "t", as = "week" }\n', "variables.a.derive.as"),
        (
            GOOD + '[variables.b]\ncolumn = "b"\nkind = "continuous"\n'
            '[variables.a]\nkind = "continuous"\nderive = { from = "b", as = "forward_gradient" }\n',
            "variable a takes the forward_gradient of 'b', which is not a variable read from the scores",
        ),
        ("[study\n", "study.toml: cannot be read"),
        ("[study]\nname = 'a'\nname = 'b'\n", "cannot be read"),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path, text, place):
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(UserError) as caught:
        read_study_file(tmp_path)
    assert place in str(caught.value)
    assert str(tmp_path / "study.toml") in str(caught.value)
    assert "\n" not in str(caught.value).strip() or "cannot be read" in place


def test_bytes_that_are_no_text_are_refused_with_the_file(tmp_path):
    (tmp_path / "study.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"study\.toml: cannot be read"):
        read_study_file(tmp_path)


def test_a_folder_without_a_description_is_no_study(tmp_path):
    with pytest.raises(UserError, match=r"is not a study.*import TABLE"):
        read_study_file(tmp_path)


@pytest.mark.parametrize(("rule", "period"), [("month", 12.0), ("hour", 24.0)])
def test_a_cyclic_rule_brings_its_period(rule, period):
    raw = {"study": {"name": "a"}, "variables": {"m": {"derive": {"from": "t", "as": rule}, "kind": "cyclic"}}}
    assert StudyFile.model_validate(raw).variables["m"].cycle == period
