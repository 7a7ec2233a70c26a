"""The pages in docs/reference are those that the mapping files give."""

from __future__ import annotations

import re
from pathlib import Path

from translator.catalog.explain import reference as pages_of
from translator.catalog.explain.reference import COMMAND, FOLDER, reference, stale_pages
from translator.catalog.load import load


def test_committed_pages_are_what_the_mapping_files_give() -> None:
    assert stale_pages(reference(load()), FOLDER) == [], f"run {COMMAND}"


def test_a_changed_missing_or_left_over_page_is_stale(tmp_path: Path) -> None:
    (tmp_path / "same.md").write_text("same")
    (tmp_path / "changed.md").write_text("before")
    (tmp_path / "left.md").write_text("over")
    pages = {"same.md": "same", "changed.md": "after", "missing.md": ""}
    assert stale_pages(pages, tmp_path) == ["changed.md", "left.md", "missing.md"]


def test_every_page_says_that_it_is_generated_and_how() -> None:
    assert all(COMMAND in text.splitlines()[0] for text in reference(load()).values())


def test_every_entry_is_in_the_index_and_links_lead_to_pages() -> None:
    pages = reference(load())
    index = pages["index.md"]
    for entry in load().entries:
        assert f"({Path(entry.path).stem}.md)" in index
    assert set(re.findall(r"\]\(([\w.]+\.md)\)", index)) <= set(pages)


def test_an_entry_of_several_dimensions_is_told_once() -> None:
    text = reference(load())["convolution.md"]
    assert text.count("## Conv 2d\n") == 1
    assert "## Conv 1d\n" not in text
    assert "`torch.nn.Conv1d`" in text


def test_nothing_of_the_reference_depends_on_where_it_is_made() -> None:
    text = "".join(reference(load()).values())
    assert str(pages_of.FOLDER.parents[1]) not in text
    assert not re.search(r"0x[0-9a-f]{6,}", text)
