from explorer.places import sample_study, shipped, user_cache, user_data
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
