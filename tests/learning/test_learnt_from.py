import json

from explorer.learning.learnt_from import learnt_from
from explorer.places import sample_study, shipped_encoders
from explorer.study.study import open_study


def test_the_shipped_encoder_has_seen_none_of_the_sample_herd():
    study = open_study(sample_study())
    found = learnt_from(study, study.embedding("herd"), shipped_encoders().values())
    assert found.unseen == tuple(sorted(study.animal.cat.categories))
    assert "none of these animals" in found.sentence


def test_animals_that_were_learnt_from_or_chosen_by_are_left_out(tmp_path):
    study = open_study(sample_study())
    shipped = shipped_encoders()["herd"]
    copy = tmp_path / "herd"
    copy.mkdir()
    for file in shipped.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    told = json.loads((copy / "model.json").read_text())
    first, second, third, *rest = sorted(study.animal.cat.categories)
    told["trained_on"] = [
        {
            "study": "s",
            "data_hash": "other",
            "ids_hash": study.ids_hash,
            "train": [first],
            "validation": [second],
            "test": [third],
        }
    ]
    (copy / "model.json").write_text(json.dumps(told))
    found = learnt_from(study, study.embedding("herd"), [copy])
    assert found.unseen == (third, *rest)
    assert "2 of these animals" in found.sentence


def test_an_encoder_that_is_not_at_hand_is_said_to_be_unknown():
    study = open_study(sample_study())
    found = learnt_from(study, study.embedding("herd"), [])
    assert found.unseen is None
    assert "not known" in found.sentence
