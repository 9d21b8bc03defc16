"""What the file system is blind to, found by looking: never by creating anything."""

import os
import subprocess
import unicodedata
from pathlib import Path

import pytest

from partita.adapters.filesystem import blind
from partita.core.scope import Blind

SHARP = Blind()
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "it"
    made.mkdir()
    return made


def as_seen_by(monkeypatch, key):
    """A file system on which names with the same key are one file."""
    real = Path.lstat

    def lstat(self):
        for entry in os.listdir(self.parent):  # noqa: PTH208 - what Path itself would call
            if key(entry) == key(self.name):
                return real(self.parent / entry)
        return real(self)

    monkeypatch.setattr(Path, "lstat", lstat)


def composed(name):
    return unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("names", [("README",), ("readme", "x"), ("1", "A")])
def test_letter_case_counts_here(folder, names):
    for name in names:
        (folder / name).touch()
    before = sorted(folder.iterdir())
    assert blind(folder, platform="linux") == SHARP
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("name", ["README", "readme", ".git"])
def test_a_file_system_that_is_blind_to_case_is_seen(folder, monkeypatch, name):
    (folder / "1").touch()
    (folder / name).touch()
    as_seen_by(monkeypatch, str.casefold)
    assert blind(folder, platform="linux") == Blind(case=True)


@pytest.mark.parametrize("name", [COMPOSED, DECOMPOSED])
def test_a_file_system_that_is_blind_to_forms_is_seen(folder, monkeypatch, name):
    (folder / name).touch()
    assert blind(folder, platform="linux") == SHARP
    assert blind(folder, platform="darwin") == SHARP  # what is seen outweighs what is usual
    as_seen_by(monkeypatch, composed)
    assert blind(folder, platform="linux") == Blind(forms=True)


def test_two_links_to_one_file_are_not_one_name(folder):
    (folder / "readme").touch()
    os.link(folder / "readme", folder / "README")
    assert blind(folder, platform="linux") == SHARP


def test_a_link_is_itself_and_not_what_it_leads_to(folder):
    (folder / "a").touch()
    (folder / "B").symlink_to(folder / "nowhere")
    assert blind(folder, platform="linux") == SHARP


def test_case_beyond_ascii_proves_nothing(folder, monkeypatch):
    (folder / "É").touch()
    as_seen_by(monkeypatch, str.casefold)
    assert blind(folder, platform="linux") == SHARP


def test_where_no_name_tells_the_repository_does(tmp_path, folder):
    assert blind(folder, platform="linux") == SHARP
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert blind(folder, platform="linux") == SHARP
    config = ["git", "-C", tmp_path, "config", "core.ignorecase"]
    subprocess.run([*config, "true"], check=True)
    assert blind(folder, platform="linux") == Blind(case=True)
    (folder / "1").touch()
    assert blind(folder, platform="linux") == Blind(case=True)
    (folder / "a").touch()
    assert blind(folder, platform="linux") == SHARP


def test_without_git_or_without_a_folder_names_count(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert blind(folder, platform="linux") == SHARP
    assert blind(folder / "missing", platform="linux") == SHARP


def test_a_mac_never_tells_unicode_forms_apart(folder):
    assert blind(folder, platform="darwin") == Blind(forms=True)
