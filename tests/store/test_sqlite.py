"""The SQLite store: several processes, damage, hostile files, and what lies on the disk."""

import hashlib
import json
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from partita.adapters.store import SqliteStore, open_readonly
from partita.adapters.store import migrations as steps
from partita.core.budget import Caps, Pot
from partita.errors import BadInput, BudgetSpent, OutsideFailure
from partita.ports.store import RunRecord
from partita.testing.clock import FakeClock
from partita.testing.ledger_laws import USAGE, assert_balanced, held

OLD = Path(__file__).parent.parent / "data" / "stores" / "schema-1.sql"
APPENDER = """
import sys
from pathlib import Path
from partita.adapters.store import SqliteStore
from partita.adapters.clock import SystemClock
who = sys.argv[2]
sys.stdin.readline()
store = SqliteStore(Path(sys.argv[1]), SystemClock())
for n in range(30):
    store.append("r", f"{who}{n}", "Told", {"n": n})
    store.append("r", f"both{n}", "Told", {"who": who})
"""


class Odd(Exception):
    pass


@pytest.fixture
def folder(tmp_path):
    return tmp_path / ".partita"


@pytest.fixture
def store(folder):
    with SqliteStore(folder, FakeClock()) as opened:
        yield opened


def python(script, *args, **kwargs):
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)], text=True, stdin=subprocess.PIPE, **kwargs
    )


# Several at once


def test_processes_that_make_the_folder_and_append_at_once_lose_nothing(folder):
    """Four of them open a store that is not there yet in the same moment."""
    workers = [python(APPENDER, folder, who) for who in "abcd"]
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    with SqliteStore(folder, FakeClock()) as store:
        events = store.events("r")
    assert len(events) == 150
    assert [e.seq for e in events] == sorted({e.seq for e in events})
    assert sum("n" in e.data for e in events) == 120
    assert sum("who" in e.data for e in events) == 30


def test_two_stores_on_one_file_share_the_cap(folder):
    """Threads of two connections want 7 each of 100; 14 get it."""
    stores = [SqliteStore(folder, FakeClock()) for _ in range(2)]
    won = []

    def want(store):
        try:
            held(store, 7, cap=100)
        except BudgetSpent:
            return
        won.append(store)

    threads = [threading.Thread(target=want, args=(stores[n % 2],)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 14
    assert stores[0].budget("r", 100) == stores[1].budget("r", 100)
    for store in stores:
        store.close()


def test_a_reader_sees_whole_prefixes_while_others_write(folder, store):
    """Also within another's transaction, which it neither sees nor waits for."""
    for n in range(20):
        store.append("r", f"k{n}", "Told", {})
        with open_readonly(folder) as reader:
            assert len(reader.events("r")) == n + 1
            with pytest.raises(Odd), store._db.write() as tx:  # noqa: PT012 - given up by raising
                tx.execute("DELETE FROM partita_events")
                assert len(reader.events("r")) == n + 1
                raise Odd


def test_a_reader_can_not_write(folder, store):
    store.append("r", "k", "Told", {})
    with open_readonly(folder) as reader, pytest.raises(OutsideFailure, match="readonly"):
        reader.append("r", "k2", "Told", {})


def test_a_reader_without_any_run_says_how_to_begin(folder):
    with pytest.raises(BadInput) as caught:
        open_readonly(folder)
    assert "partita build" in caught.value.remedy
    assert not folder.exists()


def test_a_reader_may_find_a_file_that_only_the_engine_has_written(folder):
    folder.mkdir()
    other = sqlite3.connect(folder / "partita.db")
    other.execute("CREATE TABLE workflow_status (x)")
    other.close()
    with open_readonly(folder) as reader:
        assert reader.all() == []


def test_a_transaction_that_fails_leaves_nothing_and_the_store_usable(store):
    def fails():
        with store._db.write() as tx:
            tx.execute("INSERT INTO partita_signals VALUES ('r', 'n', '{}', 0)")
            raise Odd

    with pytest.raises(Odd):
        fails()
    assert store.received("r", "n") is None
    assert store.send("r", "n", {})


# The schema


def test_the_engines_tables_and_the_files_user_version_are_left_alone(folder):
    folder.mkdir()
    other = sqlite3.connect(folder / "partita.db")
    other.execute("PRAGMA user_version = 41")
    other.execute("CREATE TABLE workflow_status (x)")
    with SqliteStore(folder, FakeClock()):
        pass
    assert other.execute("PRAGMA user_version").fetchone() == (41,)
    tables = {
        name for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type='table'")
    }
    ours = {name for name in tables if name.startswith("partita_")}
    assert tables - ours == {"workflow_status", "sqlite_sequence"}
    other.close()


def test_opening_again_takes_no_step_twice_and_a_later_step_once(folder, monkeypatch):
    with SqliteStore(folder, FakeClock()) as store:
        store.append("r", "k", "Told", {})
    more = ("CREATE TABLE partita_more (x)", "INSERT INTO partita_more VALUES (1)")
    monkeypatch.setattr(steps, "STEPS", (*steps.STEPS, more))
    for _ in range(2):
        with SqliteStore(folder, FakeClock()) as store:
            assert steps.version(store._db) == len(steps.STEPS)
            assert len(store.events("r")) == 1
            assert store._db.read(int, "SELECT x FROM partita_more") == [1]


def test_a_step_that_fails_is_taken_back_whole(folder, monkeypatch):
    with SqliteStore(folder, FakeClock()):
        pass
    broken = ("CREATE TABLE partita_more (x)", "NONSENSE")
    with monkeypatch.context() as patch:
        patch.setattr(steps, "STEPS", (*steps.STEPS, broken))
        with pytest.raises(OutsideFailure):
            SqliteStore(folder, FakeClock())
    with SqliteStore(folder, FakeClock()) as store:
        found = "SELECT count(*) FROM sqlite_master WHERE name = 'partita_more'"
        assert store._db.read(int, found) == [0]


def old_file(folder):
    folder.mkdir()
    other = sqlite3.connect(folder / "partita.db")
    other.execute("PRAGMA journal_mode = WAL")
    other.executescript(OLD.read_text())
    other.close()


def test_a_file_of_the_first_schema_opens_with_everything_and_right_totals(folder):
    """Two of its holds lie within a millisecond of midnight, on either side."""
    old_file(folder)
    with SqliteStore(folder, FakeClock()) as store:
        first, second = "20251231-235959-aaaa", "20260101-000000-bbbb"
        assert [r.id for r in store.all()] == [second, first]
        assert store.find("last").options == {"n": 1}
        assert store.received(second, "approval") == {"ok": True}
        assert [e.type for e in store.events(first)] == ["started"]
        assert len(store.entries(None)) == 8
        assert_balanced(store, "")
        days = [
            store.filling(Pot(kind="day", key=f"day::{day}", cap=None))
            for day in ("2025-12-31", "2026-01-01")
        ]
        assert [(f.spent, f.held) for f in days] == [(40, 0), (102, 103)]
        budget = store.budget(first, 1000)
        assert (budget.spent, budget.held) == (142, 103)
        assert store.abandon(first) == 1
        store.settle(8, state="settled", cost=3, usage=USAGE)
        assert_balanced(store, "")
        with pytest.raises(BudgetSpent):
            held(store, 11, run=first, caps=Caps(run=255))
        assert held(store, 10, run=first, caps=Caps(run=255)) == 9


def test_a_reader_brings_an_old_file_up_to_date_first(folder):
    old_file(folder)
    with open_readonly(folder) as reader:
        assert reader.budget("20251231-235959-aaaa", None).spent == 142


def test_a_file_of_a_newer_partita_is_refused_with_the_remedy(folder):
    with SqliteStore(folder, FakeClock()) as store, store._db.write() as tx:
        tx.execute("INSERT INTO partita_schema VALUES (1000)")
    for opening in (lambda: SqliteStore(folder, FakeClock()), lambda: open_readonly(folder)):
        with pytest.raises(BadInput) as caught:
            opening()
        assert "upgrade" in caught.value.remedy


# Damage and hostility


@pytest.mark.parametrize(
    "content", [b"not a database, " * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_a_sentence_with_a_remedy(folder, content):
    folder.mkdir()
    (folder / "partita.db").write_bytes(content)
    with pytest.raises(OutsideFailure) as caught:
        SqliteStore(folder, FakeClock())
    assert "damaged" in caught.value.message
    assert "mv " in caught.value.remedy
    with pytest.raises(OutsideFailure):
        open_readonly(folder)


def test_a_file_torn_in_the_middle_is_a_sentence(folder):
    with SqliteStore(folder, FakeClock()) as store:
        for n in range(60):
            store.append("r", f"k{n}", "Told", {"text": "x" * 1000})
    data = bytearray((folder / "partita.db").read_bytes())
    data[8192:-4096] = b"\xa5" * (len(data) - 12288)
    (folder / "partita.db").write_bytes(data)

    def read():
        with SqliteStore(folder, FakeClock()) as store:
            store.events("r")

    with pytest.raises(OutsideFailure, match="damaged"):
        read()


@pytest.mark.parametrize("data", ["{", "[]", "[" * 100_000, b"\xff"])
def test_a_row_that_was_tampered_with_is_a_sentence(store, data):
    store.append("r", "k", "Told", {})
    with store._db.write() as tx:
        tx.execute("UPDATE partita_events SET data = ?", (data,))
    with pytest.raises(OutsideFailure, match="damaged"):
        store.events("r")


def test_a_file_that_came_with_a_trigger_is_refused(folder):
    with SqliteStore(folder, FakeClock()) as store, store._db.write() as tx:
        tx.execute(
            "CREATE TRIGGER free AFTER INSERT ON partita_ledger"
            " BEGIN UPDATE partita_ledger SET held = 0; END"
        )
    with pytest.raises(OutsideFailure, match="trigger"):
        SqliteStore(folder, FakeClock())


def test_links_and_pipes_in_place_of_our_files_are_refused(tmp_path, folder):
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="not a plain folder"):
        SqliteStore(folder, FakeClock())
    folder.unlink()
    folder.mkdir()
    (folder / "partita.db").symlink_to(tmp_path / "elsewhere" / "x.db")
    with pytest.raises(BadInput, match="not a plain file"):
        SqliteStore(folder, FakeClock())
    (folder / "partita.db").unlink()
    with SqliteStore(folder, FakeClock()) as store:
        store.keep(b"data")
        (folder / "blobs").rename(tmp_path / "elsewhere" / "blobs")
        (folder / "blobs").symlink_to(tmp_path / "elsewhere" / "blobs")
        before = sorted((tmp_path / "elsewhere").rglob("*"))
        for data in (b"data", b"more"):
            with pytest.raises(BadInput, match="plain folder"):
                store.keep(data)
            with pytest.raises(KeyError):
                store.load(hashlib.sha256(data).hexdigest())
    assert sorted((tmp_path / "elsewhere").rglob("*")) == before


def test_the_folder_keeps_itself_out_of_git_and_from_others(folder, store):
    assert (folder / ".gitignore").read_text() == "*\n"
    assert folder.stat().st_mode & 0o077 == 0


def test_a_busy_file_is_a_sentence(folder, store, monkeypatch):
    store._db._db.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(folder / "partita.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OutsideFailure, match="busy"):
        store.append("r", "k", "Told", {})
    other.execute("COMMIT")
    other.close()
    store.append("r", "k", "Told", {})


# Blobs and answers


def blob(folder: Path, key: str) -> Path:
    return folder / "blobs" / key[:2] / key[2:]


def test_blobs_lie_under_their_hash_and_leave_no_scraps(folder, store):
    key = store.keep(b"data")
    assert store.keep(b"data") == key
    assert [p for p in (folder / "blobs").rglob("*") if p.is_file()] == [blob(folder, key)]


def test_a_blob_that_was_changed_is_not_there_and_is_mended_by_keeping_it(folder, store):
    key = store.keep(b"data")
    blob(folder, key).write_bytes(b"evil")
    with pytest.raises(KeyError):
        store.load(key)
    store.keep(b"data")
    assert store.load(key) == b"data"


def test_a_blob_behind_a_link_is_not_there(tmp_path, folder, store):
    key = store.keep(b"data")
    blob(folder, key).rename(tmp_path / "data")
    blob(folder, key).symlink_to(tmp_path / "data")
    with pytest.raises(KeyError):
        store.load(key)


def test_an_answer_whose_blob_is_lost_is_asked_again_and_kept_anew(folder, store):
    store.put("h", "r", "q", {"ask": 1}, {"text": "first"})
    for path in (folder / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    assert store.get("h", run="r") is None
    with pytest.raises(KeyError):
        store.used("other", "q", "h")
    with pytest.raises(OutsideFailure, match="incomplete"):
        store.transcript("r")
    store.put("h", "r", "q", {"ask": 1}, {"text": "second"})
    assert store.get("h", run="other") == {"text": "second", "run": "r"}
    assert len(store.transcript("r")) == 1


def test_texts_are_blobs_and_rows_hold_their_keys(folder, store):
    text = "x" * 100_000
    store.put("h", "r", "q", {"prompt": text}, {"text": text})
    store._db._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"x" * 100 not in (folder / "partita.db").read_bytes()
    assert store.transcript("r")[0]["reply"] == {"text": text}


def test_what_is_told_is_cleaned_before_it_is_written(folder):
    def clean(data):
        return json.loads(json.dumps(data).replace("hunter2hunter2", "[secret]"))

    with SqliteStore(folder, FakeClock(), redact=clean) as store:
        store.append("r", "k", "Told", {"text": "hunter2hunter2"})
        assert store.events("r")[0].data == {"text": "[secret]"}
    for path in folder.iterdir():
        assert path.is_dir() or b"hunter2" not in path.read_bytes()


def test_a_run_is_found_by_another_process_at_once(folder, store):
    store.create(RunRecord(id="r1", request="x", options={}, created=0))
    with open_readonly(folder) as reader:
        assert reader.find("last").id == "r1"
