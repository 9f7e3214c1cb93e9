"""Making a study by hand in the browser."""

from pathlib import Path

from looking import settle
from playwright.sync_api import expect

GOOD = "animal;date;weight;sex\n" + "".join(
    f"cow {i % 6};{1 + i // 6:02d}/05/2024;{500 + i},5;{'FM'[i % 2]}\n" for i in range(90)
)


def choose(page, path: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(path)
    settle(page)


def test_a_bad_file_is_told_and_a_good_one_becomes_a_study(serve, new_page, tmp_path):
    server = serve()
    page = new_page()
    page.goto(f"{server.url}/data")
    expect(page.get_by_text("Make a study of your own files")).to_be_visible()
    settle(page)

    bad = tmp_path / "bad.csv"
    bad.write_text("animal,date,weight\nA,2024-01-01,3\nB,2024-01-02\n")
    choose(page, bad)
    expect(page.get_by_text("bad.csv, line 3: 2 cells")).to_be_visible()

    pickle = tmp_path / "vectors.csv"
    pickle.write_bytes(b"\x80\x04\x95\x00\x00\x00")
    choose(page, pickle)
    expect(page.get_by_test_id("stAlert").first).to_be_visible()
    assert "Traceback" not in page.locator("body").inner_text()

    good = tmp_path / "herd.csv"
    good.write_text(GOOD)
    choose(page, good)
    expect(page.get_by_text("Read: 90 rows, 4 columns")).to_be_visible()
    name = page.get_by_role("textbox", name="Name")
    name.fill("My herd")
    name.press("Enter")
    settle(page)
    page.get_by_role("button", name="Make the study").click()
    expect(page.get_by_role("heading", name="My herd")).to_be_visible()
    expect(page.get_by_text("90 observations of 6 animals").first).to_be_visible()
    expect(page.get_by_text("No latent space yet")).to_be_visible()
    made = server.home / "data" / "latent-explorer" / "studies" / "my-herd"
    assert (made / "study.toml").exists()

    page.reload()  # the study is remembered by the address, and in the list of recent ones
    expect(page.get_by_role("heading", name="My herd")).to_be_visible()


def test_the_pixel_baseline_is_made_with_a_click(serve, new_page, tmp_path):
    import shutil

    from explorer.places import sample_study

    study = tmp_path / "digits"
    shutil.copytree(sample_study("digits"), study, ignore=shutil.ignore_patterns(".cache"))
    server = serve(study)
    page = new_page()
    page.goto(f"{server.url}/data")
    settle(page)
    page.get_by_role("radio", name="Embeddings of the study at hand").click()
    page.get_by_role("button", name="Make the baseline").click()
    expect(page.get_by_text("is ready")).to_be_visible()
    assert (study / "embeddings" / "pixels.npy").exists()
