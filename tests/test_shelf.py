"""The documents of a run: whole, inside their folder, wherever they come from."""

from dataclasses import dataclass, field

import pytest

from partita.adapters.shelf import (
    FolderShelf,
    StoreShelf,
    bulky,
    copy_documents,
    halves,
    strip,
)
from partita.errors import BadInput, OutsideFailure

HOSTILE = [
    "",
    ".",
    "..",
    "/etc/passwd",
    "../other/plan.md",
    "evidence/../../x",
    "evidence//x",
    "evidence/",
    "a\\b",
    "a\0b",
    "a\nb",
    "evidence/.new-x",
    "x" * 300,
    "/".join(["y" * 200] * 6),
]


@dataclass
class Shared:
    """`ports.store.Documents` in memory."""

    kept: dict[tuple[str, str], str] = field(default_factory=dict)

    def put_document(self, run, name, text):
        self.kept[run, name] = text

    def document(self, run, name):
        return self.kept.get((run, name))

    def documents(self, run):
        return sorted(name for of, name in self.kept if of == run)


def clean(text):
    return text.replace("hush", "***")


def shelves(folder):
    return [FolderShelf(folder / "r1", clean), StoreShelf(Shared(), "r1", clean)]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    for shelf in shelves(tmp_path):
        with pytest.raises(BadInput):
            shelf.put(name, "text")
        with pytest.raises(BadInput):
            shelf.path(name)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_is_copied_of_a_run_with_one_hostile_name(tmp_path, name):
    store = Shared({("r1", "analysis.md"): "a", ("r1", name): "b"})
    with pytest.raises(BadInput):
        copy_documents(store, "r1", tmp_path / "r1")
    assert not list(tmp_path.iterdir())


def test_what_a_store_has_arrives_in_the_folder_without_secrets(tmp_path):
    store = Shared({("r2", "plan.md"): "another's"})
    shelf = StoreShelf(store, "r1", clean)
    shelf.put("evidence/core-1.txt", "hush\r\n\u00e4")
    shelf.put("plan.md", "one")
    shelf.put("plan.md", "two")
    folder = tmp_path / "runs" / "r1"
    found = copy_documents(store, "r1", folder)
    assert found == (folder / "evidence" / "core-1.txt", folder / "plan.md")
    assert found[0].read_bytes() == "***\r\n\u00e4".encode()
    assert found[1].read_text() == "two"
    assert shelf.path("plan.md") == ".partita/runs/r1/plan.md"
    assert copy_documents(store, "r1", folder) == found
    assert sorted(p for p in folder.rglob("*") if p.is_file()) == list(found)


def test_a_folder_that_is_a_link_is_not_written_through(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = tmp_path / "r1"
    folder.mkdir()
    (folder / "evidence").symlink_to(elsewhere)
    (folder / "plan.md").symlink_to(elsewhere / "plan.md")
    shelf = FolderShelf(folder, clean)
    with pytest.raises(BadInput, match="plain folder"):
        shelf.put("evidence/x.txt", "text")
    shelf.put("plan.md", "text")  # the link itself is replaced
    assert not list(elsewhere.iterdir())
    assert (folder / "plan.md").read_text() == "text"
    assert not (folder / "plan.md").is_symlink()


def test_a_document_that_can_not_be_written_leaves_nothing_half_done(tmp_path):
    shelf = FolderShelf(tmp_path / "r1", clean)
    shelf.put("plan.md", "old")
    with pytest.raises(UnicodeEncodeError):
        shelf.put("plan.md", "\ud800")
    (tmp_path / "r1" / "report").mkdir()
    with pytest.raises(OutsideFailure):
        shelf.put("report", "text")
    assert [p.name for p in (tmp_path / "r1").iterdir() if p.is_file()] == ["plan.md"]
    assert (tmp_path / "r1" / "plan.md").read_text() == "old"


def test_recording_and_evidence_go_and_the_reports_stay(tmp_path):
    shelf = FolderShelf(tmp_path / "r1", clean)
    for name in ("plan.md", "ledger.csv", "evidence/a.txt", "transcript/run.jsonl"):
        shelf.put(name, "12345")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.txt").write_text("mine")
    (tmp_path / "r1" / "evidence" / "link").symlink_to(outside)
    assert bulky(tmp_path / "r1") == (2, 10)
    for _ in range(2):
        strip(tmp_path / "r1")
        assert sorted(p.name for p in (tmp_path / "r1").iterdir()) == ["ledger.csv", "plan.md"]
        assert bulky(tmp_path / "r1") == (0, 0)
    (tmp_path / "r1" / "evidence").symlink_to(outside)
    assert bulky(tmp_path / "r1") == (0, 0)
    strip(tmp_path / "r1")
    assert (outside / "mine.txt").read_text() == "mine"


def test_half_written_documents_are_found_and_no_others(tmp_path):
    runs = tmp_path / "runs"
    shelf = FolderShelf(runs / "r1", clean)
    shelf.put("evidence/a.txt", "whole")
    left = [runs / "r1" / ".new-a", runs / "r1" / "evidence" / ".new-b"]
    for path in left:
        path.write_text("half")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / ".new-mine").write_text("mine")
    (runs / "r2").symlink_to(outside)
    (runs / "r1" / "transcript").symlink_to(outside)
    assert sorted(halves(runs)) == left
    assert list(halves(tmp_path / "none")) == []
