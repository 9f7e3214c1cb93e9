"""Long work: what is said of a job that ended without a result."""

import json

import pytest

from explorer.ui import jobs


@pytest.fixture
def key():
    yield "a job of these tests"
    jobs.cancel("a job of these tests")
    jobs.forget("a job of these tests")


def ended(key):
    jobs.job(key).wait(60)
    return jobs.trouble(key)


def test_a_job_that_fails_through_our_fault_says_so_and_raises_nothing(key):
    jobs.start(key, json.dumps, {})  # it takes no report
    assert "our fault" in ended(key)
    assert jobs.state(key) == "failed"


@pytest.mark.slow
def test_a_job_that_cannot_be_done_says_why(key, tmp_path):
    from explorer.space.projections import project_at
    from explorer.view import MapChoice

    jobs.start(key, project_at, tmp_path / "nothing", "features", MapChoice())
    said = ended(key)
    assert "nothing" in said
    assert "our fault" not in said


def test_a_job_that_is_cancelled_says_so_and_one_that_is_done_says_nothing(key):
    from explorer.study.check import check_at

    jobs.start(key, check_at, "nowhere")
    jobs.cancel(key)
    assert ended(key) == "It was cancelled."
    jobs.forget(key)
    assert jobs.trouble(key) is None
