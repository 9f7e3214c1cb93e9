import pickle

import pytest

from explorer.errors import UserError


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (UserError("it broke"), "it broke."),
        (UserError("it broke.", where="a.csv", how="Mend it."), "a.csv: it broke. Mend it."),
        (UserError("it broke", where="a.csv", row=1234, column="b"), "a.csv, row 1,234, column b: it broke."),
        (UserError("it broke", column="b", how="Mend it"), "column b: it broke. Mend it."),
    ],
)
def test_an_error_is_one_sentence_and_survives_a_worker(given, sentence):
    assert str(given) == sentence
    back = pickle.loads(pickle.dumps(given))
    assert (str(back), back.what, back.where, back.how) == (sentence, given.what, given.where, given.how)
    assert (back.row, back.column) == (given.row, given.column)
