"""Letting go of old runs: what others use stays, what is young stays, the ledger stays."""

import os
import sqlite3
import time

import pytest

from partita.adapters.store import PostgresStore, SqliteStore
from partita.adapters.store.sweeping import sweep_of
from partita.core.budget import Caps, Usage
from partita.core.retention import YOUNG
from partita.ports.store import RunRecord
from partita.testing.clock import FakeClock

USAGE = Usage(input=3, output=4)


class SweepingLaws:
    """Subclass for each store; supply `store`, `sweeping`, `age(blob, seconds)`."""

    @pytest.fixture
    def sweeping(self, store):
        return sweep_of(store)

    def test_nothing_is_left_of_a_run_but_its_reports_and_its_ledger(self, store, sweeping):
        filled(store, "old")
        filled(store, "new")
        before = seen(store, "new")
        budget = store.budget("old", None)
        told = sweeping.forget(["old"], really=False)
        assert seen(store, "old") == before
        done = sweeping.forget(["old"], really=True)
        assert done == told
        assert done.rows == 8
        after = seen(store, "old")
        assert after == {
            **dict.fromkeys(before, 0),
            "documents": ["plan.md"],
            "entries": before["entries"],
        }
        assert seen(store, "new") == before
        assert store.budget("old", None) == budget
        assert store.find("old").id == "old"
        assert sweeping.forget(["old"], really=True).rows == 0

    def test_an_answer_that_another_run_used_stays_with_its_blob(self, store, sweeping):
        for run in ("old", "new", "last"):
            store.create(RunRecord(id=run, request="", options={}, created=1.0))
        store.put("k", "old", "q", {}, {"text": "paid"})
        store.used("new", "q2", "k")
        first = sweeping.forget(["old"], really=True)
        assert store.get("k", run="last")["text"] == "paid"
        assert [e["reply"]["text"] for e in store.transcript("new")] == ["paid"]
        assert first.named & sweeping.kept().keys()
        second = sweeping.forget(["new"], really=True)
        assert store.get("k", run="last") is None
        assert not second.named & sweeping.kept().keys()

    def test_all_that_rows_name_is_found(self, store, sweeping):
        keys = [store.keep(text) for text in (b"event", b"options", b"result", b"nothing")]
        store.create(RunRecord(id="r", request="", options={"deep": [keys[1]]}, created=1.0))
        store.append("r", "k", "kind", {"blob": keys[0]})
        store.update("r", status="failed", result={"evidence": keys[2]})
        found = sweeping.forget([], really=False)
        assert found.rows == 0
        assert set(keys[:3]) <= found.named
        assert keys[3] not in found.named

    def test_blobs_are_listed_with_their_age_and_thrown_away_once(self, store, sweeping, age):
        old, young = store.keep(b"old" * 100), store.keep(b"young")
        age(old, 2 * YOUNG)
        kept = sweeping.kept()
        assert kept.keys() == {old, young}
        assert kept[old].size == 300
        assert kept[young].at - kept[old].at > YOUNG
        assert sweeping.throw([old]) == 300
        assert sweeping.throw([old]) == 0
        assert sweeping.kept().keys() == {young}
        with pytest.raises(KeyError):
            store.load(old)

    def test_shrinking_loses_nothing(self, store, sweeping):
        filled(store, "r")
        before = seen(store, "r")
        assert sweeping.size() > 0
        assert sweeping.shrink()
        assert seen(store, "r") == before
        filled(store, "later")


def filled(store, run):
    """A run with one of everything, and two documents that are bulky."""
    store.create(RunRecord(id=run, request=run, options={}, created=1.0))
    store.append(run, "k", "started", {})
    store.append(run, "k2", "ended", {})
    held = store.hold(
        run,
        "q",
        model="m",
        role="coder",
        task=None,
        activity="build",
        amount=5,
        caps=Caps(),
    )
    store.settled(f"k-{run}", run, "q", {}, {"text": run}, entry=held.entry, cost=4, usage=USAGE)
    store.send(run, "approval", {})
    store.attempt(run, "part")
    store.put_document(run, "plan.md", "the plan")
    store.put_document(run, "evidence/core-1.txt", "long")
    store.put_document(run, "transcript/run.jsonl", "long")


def seen(store, run):
    """What the store still has of it."""
    return {
        "events": len(store.events(run)),
        "exchanges": len(store.transcript(run)),
        "answer": 0 if store.get(f"k-{run}", run=run) is None else 1,
        "signal": 0 if store.received(run, "approval") is None else 1,
        "documents": list(store.documents(run)),
        "entries": len(store.entries(run)),
    }


class TestSqlite(SweepingLaws):
    @pytest.fixture
    def store(self, tmp_path):
        with SqliteStore(tmp_path / ".partita", FakeClock()) as store:
            yield store

    @pytest.fixture
    def age(self, tmp_path):
        def older(key, seconds):
            path = tmp_path / ".partita" / "blobs" / key[:2] / key[2:]
            then = time.time() - seconds
            os.utime(path, (then, then))

        return older

    def test_what_a_killed_writer_left_is_a_blob_too(self, store, sweeping, tmp_path):
        key = store.keep(b"whole")
        half = tmp_path / ".partita" / "blobs" / key[:2] / f".new-{'0' * 16}"
        half.write_text("half")
        assert sweeping.throw(sweeping.kept().keys() - {key}) == 4
        assert not half.exists()
        assert store.load(key) == b"whole"

    def test_nothing_behind_a_link_is_a_blob(self, store, sweeping, tmp_path):
        key = store.keep(b"mine")
        blobs = tmp_path / ".partita" / "blobs"
        blobs.rename(tmp_path / "elsewhere")
        blobs.symlink_to(tmp_path / "elsewhere")
        assert sweeping.kept() == {}
        blobs.unlink()
        blobs.mkdir()
        (blobs / key[:2]).symlink_to(tmp_path / "elsewhere" / key[:2])
        assert sweeping.kept() == {}

    def test_only_blobs_can_be_thrown_away(self, sweeping):
        for name in ("../../x", "ab/../../x", "partita.db", ""):
            with pytest.raises(ValueError, match=r"\A"):
                sweeping.throw([name])

    def test_the_file_gives_back_the_room_of_what_is_gone(self, store, sweeping):
        store.create(RunRecord(id="r", request="", options={}, created=1.0))
        for i in range(40):
            store.append("r", str(i), "kind", {"text": "x" * 60_000})
        before = sweeping.size()
        sweeping.forget(["r"], really=True)
        assert sweeping.shrink()
        assert sweeping.size() < before / 10

    def test_a_busy_file_is_left_as_it_is(self, store, sweeping, tmp_path, monkeypatch):
        monkeypatch.setattr("partita.adapters.store.sweeping.BUSY_SECONDS", 0.05)
        filled(store, "r")
        with sqlite3.connect(tmp_path / ".partita" / "partita.db", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            assert sweeping.shrink() is False
        assert store.find("r").id == "r"


class TestPostgres(SweepingLaws):
    @pytest.fixture
    def store(self, database_url):
        with PostgresStore(database_url, FakeClock(), project="p") as store:
            yield store

    @pytest.fixture
    def age(self, store):
        def older(key, seconds):
            with store._db.write() as tx:
                tx.execute(
                    "UPDATE partita_blobs SET at = now() - make_interval(secs => ?) WHERE key = ?",
                    (float(seconds), key),
                )

        return older

    def test_a_blob_that_was_kept_anew_meanwhile_stays(self, store, sweeping, age):
        key = store.keep(b"text")
        age(key, 2 * YOUNG)
        sweeping.kept()
        store.keep(b"text")
        assert sweeping.throw([key]) == 0
        assert store.load(key) == b"text"

    def test_what_another_project_names_is_named(self, store, sweeping, database_url):
        with PostgresStore(database_url, FakeClock(), project="other") as other:
            filled(other, "theirs")
        assert len(sweeping.forget([], really=False).named & sweeping.kept().keys()) == 1
