"""Importing: from tables, vectors and pictures as people have them to a study.

``read_source`` reads, ``guess_roles`` proposes what each column is for, ``study_spec`` writes that down, and
``build_study`` makes the folder.
"""

from explorer.study.importing.build import build_study
from explorer.study.importing.override import override_roles
from explorer.study.importing.reading import DateOrder, Reading
from explorer.study.importing.roles import ColumnRole, Part, guess_roles
from explorer.study.importing.side_tables import SideTable, read_side_table
from explorer.study.importing.source import Source, read_source
from explorer.study.importing.spec import derived_variables, study_spec

__all__ = [
    "ColumnRole",
    "DateOrder",
    "Part",
    "Reading",
    "SideTable",
    "Source",
    "build_study",
    "derived_variables",
    "guess_roles",
    "override_roles",
    "read_side_table",
    "read_source",
    "study_spec",
]
