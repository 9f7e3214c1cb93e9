from explorer.places import made_of, ours, sample_study, shipped, told_by_path, user_cache, user_data
from explorer.study.check import check
from explorer.study.study import open_study


def test_the_sample_study_ships_and_has_nothing_to_mend():
    study = open_study(sample_study())
    assert len(study) > 0
    assert study.embedding_names
    assert [finding for finding in check(study) if finding.severity == "error"] == []


def test_what_ships_is_found():
    assert shipped(".streamlit/config.toml").is_file()
    assert shipped("pages").is_dir()
    assert not shipped("nothing").exists()


def test_the_users_folders_are_their_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert user_data() != user_cache()
    assert "latent-explorer" in str(user_data())
    assert "latent-explorer" in str(user_cache())


def test_what_is_made_of_a_study_lies_in_it_or_with_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    study, elsewhere = tmp_path / "my herd", tmp_path / "elsewhere"
    study.mkdir(), elsewhere.mkdir()
    assert ours(study) and made_of(study, "sweeps") == study / "sweeps"
    (study / "encoders").symlink_to(elsewhere, target_is_directory=True)
    assert made_of(study, "encoders") == user_data() / "encoders" / told_by_path(study)
    assert not ours(sample_study()) and made_of(sample_study(), "sweeps").is_relative_to(user_data())
    assert told_by_path(study).startswith("my-herd-") and told_by_path(study) != told_by_path(elsewhere)
