"""The laws of `ports.store.Store`; subclass them in the tests of each store."""
# ruff: noqa: PLR2004 - the numbers are the expectations

import hashlib
from typing import Any

import pytest

from partita.errors import BadInput
from partita.ports.store import RunRecord, Store
from partita.testing.ledger_laws import USAGE, LedgerLaws, Restart, held
from partita.testing.together_laws import TogetherLaws


class LogLaws:
    """Events. A subclass supplies the fixture `restart`.

    Its first call opens a new store; each later call closes it and opens the same data as a new
    process would.
    """

    def test_events_come_back_in_order_and_after_a_number(self, restart: Restart) -> None:
        """What was appended is read in that order; `after` leaves out what was seen."""
        store = restart()
        for n in range(3):
            store.append("r", f"k{n}", "Told", {"n": n, "text": "é\ud800\x00"})
            store.append("other", f"k{n}", "Told", {})
        events = restart().events("r")
        assert [e.data["n"] for e in events] == [0, 1, 2]
        assert events[0].data["text"] == "é\ud800\x00"
        assert {(e.run, e.type) for e in events} == {("r", "Told")}
        assert sorted({e.seq for e in events}) == [e.seq for e in events]
        assert restart().events("r", after=events[1].seq) == events[2:]

    def test_the_latest_of_each_task_and_kind_is_found_among_many(self, restart: Restart) -> None:
        """Where a run stands can be told without reading its whole log."""
        store = restart()
        for n in range(3):
            store.append("r", f"p{n}", "Phase", {"n": n})
            for task in ("a", "b"):
                told = {"task": task, "n": n, "why": '"task":"c" \ud800\x00'}
                store.append("r", f"b{task}{n}", "Built", told)
        store.append("r", "t", "Tested", {"task": "a", "n": 9})
        store.append("r", "o", "Other", {"task": "a", "n": 9})
        store.append("other", "o", "Built", {"task": "a", "n": 9})
        found = restart().latest("r", ("Phase", "Built", "Tested"))
        short = [(e.run, e.type, e.data.get("task"), e.data["n"]) for e in found]
        wanted = [("r", "Phase", None, 2), ("r", "Built", "b", 2), ("r", "Tested", "a", 9)]
        assert short == wanted
        assert [e.seq for e in found] == sorted(e.seq for e in found)
        assert list(restart().latest("r", ("Never",))) == []

    def test_an_event_is_found_by_its_key(self, restart: Restart) -> None:
        """What was told of one thing can be had without reading the whole log."""
        store, long = restart(), "k" * 600
        for run, key, n in (("r", "k", 1), ("r", long, 2), ("other", "k", 3), ("other", "o", 4)):
            store.append(run, key, "Told", {"n": n})
        store = restart()
        found = store.told("r", "k")
        assert found == store.events("r")[0]
        assert [e.data["n"] for e in (found, store.told("r", long)) if e is not None] == [1, 2]
        assert (store.told("r", "o"), store.told("r", "kk"), store.told("x", "k")) == (None,) * 3

    def test_an_event_of_the_same_key_is_written_once(self, restart: Restart) -> None:
        """A step that is run again after a crash tells nothing twice."""
        store = restart()
        store.append("r", "k", "First", {"n": 1})
        store.append("r", "k", "Second", {"n": 2})
        assert [(e.type, e.data) for e in store.events("r")] == [("First", {"n": 1})]

    def test_event_data_has_bounds(self, restart: Restart) -> None:
        """Large texts belong in blobs, and what JSON can't say nowhere."""
        store = restart()
        with pytest.raises(ValueError, match="holds"):
            store.append("r", "k", "Told", {"text": "x" * 70_000})
        with pytest.raises(ValueError):  # noqa: PT011 - the words are the store's own
            store.append("r", "k", "Told", {"n": float("nan")})
        assert store.events("r") == []

    def test_events_that_were_read_are_the_readers_own(self, restart: Restart) -> None:
        """Changing one changes no record."""
        store = restart()
        store.append("r", "k", "Told", {"list": []})
        store.events("r")[0].data["list"].append(1)
        assert store.events("r")[0].data == {"list": []}


class AnswerLaws:
    """Finished answers."""

    def test_an_answer_is_kept_and_the_first_one_wins(self, restart: Restart) -> None:
        """A finished answer is never replaced; who paid for it is told with it."""
        store = restart()
        assert store.get("h", run="r") is None
        store.put("h", "r", "q", {"ask": 1}, {"text": "first"})
        store.put("h", "r", "q", {"ask": 2}, {"text": "second"})
        first = {"text": "first", "run": "r"}
        assert restart().get("h", run="r", others=False) == first
        assert restart().get("h", run="later") == first
        assert restart().get("h", run="later", others=False) is None

    def test_a_run_that_refuses_others_answers_keeps_its_own(self, restart: Restart) -> None:
        """Both are kept, and a third run is given the older one."""
        store = restart()
        store.put("h", "old", "q", {}, {"text": "old"})
        store.put("h", "new", "q", {}, {"text": "new"})
        assert store.get("h", run="new") == {"text": "new", "run": "new"}
        assert store.get("h", run="old") == {"text": "old", "run": "old"}
        assert store.get("h", run="third") == {"text": "old", "run": "old"}
        assert [x["reply"] for x in store.transcript("new")] == [{"text": "new"}]

    def test_a_spoilt_answer_is_given_only_to_runs_that_used_it(self, restart: Restart) -> None:
        """Their records refer to it; any other run asks anew and keeps its own."""
        store = restart()
        store.put("h", "old", "q1", {}, {"text": "bad"})
        store.used("user", "q2", "h")
        store.spoil("user", "q2")
        store.spoil("user", "q2")
        store.spoil("user", "never asked")
        store = restart()
        bad = {"text": "bad", "run": "old"}
        assert store.get("h", run="old") == bad
        assert store.get("h", run="user", others=False) == bad
        assert store.get("h", run="later") is None
        with pytest.raises(KeyError):
            store.used("later", "q", "h")
        store.put("h", "later", "q", {}, {"text": "good"})
        good = {"text": "good", "run": "later"}
        assert store.get("h", run="later") == good
        assert store.get("h", run="last") == good
        assert store.get("h", run="old") == bad

    def test_an_answer_and_its_settlement_are_one(self, restart: Restart) -> None:
        """Both are there, or neither."""
        store = restart()
        entry = held(store, 60)
        with pytest.raises(KeyError):
            store.settled("h", "r", "q", {}, {"n": 1}, entry=entry + 1000, cost=5, usage=USAGE)
        assert store.get("h", run="r") is None
        assert list(store.transcript("r")) == []
        store.settled("h", "r", "q", {}, {"n": 1}, entry=entry, cost=5, usage=USAGE)
        assert restart().get("h", run="r") == {"n": 1, "run": "r"}
        assert [(e.state, e.cost, e.usage) for e in restart().entries("r")] == [
            ("settled", 5, USAGE)
        ]

    def test_an_answer_that_came_after_all_is_kept(self, restart: Restart) -> None:
        """Also when its hold was closed meanwhile; the ledger stays as it was."""
        store = restart()
        entry = held(store, 60)
        store.settle(entry, state="unconfirmed", cost=60, usage=None)
        store.settled("h", "r", "q", {}, {"n": 1}, entry=entry, cost=5, usage=USAGE)
        assert store.get("h", run="r") == {"n": 1, "run": "r"}
        assert store.budget("r", None).spent == 60

    def test_the_transcript_tells_every_exchange_in_order(self, restart: Restart) -> None:
        """Answers of older runs that were used again are among them."""
        store = restart()
        store.put("h1", "old", "engage:1", {"ask": "é"}, {"text": "\ud800"})
        store.used("r", "engage:1", "h1")
        store.put("h2", "r", "design:1", {"ask": 2}, {"text": "b"})
        store.used("r", "engage:1", "h1")
        first: dict[str, Any] = {
            "name": "engage:1",
            "hash": "h1",
            "request": {"ask": "é"},
            "reply": {"text": "\ud800"},
        }
        second = {"name": "design:1", "hash": "h2", "request": {"ask": 2}, "reply": {"text": "b"}}
        assert list(restart().transcript("r")) == [first, second]
        assert list(restart().transcript("old")) == [first]

    def test_an_answer_that_is_not_there_cannot_be_used(self, restart: Restart) -> None:
        """A transcript never names what nobody said."""
        with pytest.raises(KeyError):
            restart().used("r", "q", "h")


class SignalLaws:
    """Words from the user."""

    def test_the_first_word_stays_until_it_is_cleared(self, restart: Restart) -> None:
        """A late reject does not undo an approval."""
        store = restart()
        assert store.received("r", "approval") is None
        assert store.send("r", "approval", {"ok": True})
        assert not store.send("r", "approval", {"ok": False})
        assert restart().received("r", "approval") == {"ok": True}
        assert restart().received("other", "approval") is None
        store = restart()
        store.clear("r", "approval")
        store.clear("r", "approval")
        assert store.received("r", "approval") is None
        assert store.send("r", "approval", {"ok": False})


class RunLaws:
    """The register."""

    def test_a_run_comes_back_as_it_was_entered(self, restart: Restart) -> None:
        """And what changes is only what was given."""
        store = restart()
        record = RunRecord(
            id="20260101-000000-abcd", request="é\ud800", options={"a": 1}, created=5
        )
        store.create(record)
        assert restart().find(record.id) == record
        store = restart()
        store.update(record.id, status="failed", exit_code=1, result={"why": "tests"})
        store.update(record.id, status="failed", options={"a": 2})
        after = restart().find("last")
        assert (after.status, after.exit, after.result) == ("failed", 1, {"why": "tests"})
        assert (after.options, after.request, after.created) == ({"a": 2}, "é\ud800", 5)

    def test_a_run_that_goes_on_has_no_exit_code(self, restart: Restart) -> None:
        """What it ended with before is over."""
        store = restart()
        store.create(RunRecord(id="r1", request="", options={}, created=1))
        store.update("r1", status="interrupted", exit_code=3)
        assert store.find("r1").exit == 3
        store.update("r1", status="running")
        assert store.find("r1").exit is None

    def test_runs_are_found_by_unique_prefix(self, restart: Restart) -> None:
        """An exact id wins over longer ones; % and _ mean themselves."""
        store = restart()
        for n, ident in enumerate(("aa-1", "aa-12", "ab-1")):
            store.create(RunRecord(id=ident, request="", options={}, created=n))
        assert store.find("ab").id == "ab-1"
        assert store.find("aa-1").id == "aa-1"
        assert store.find("last").id == "ab-1"
        assert [r.id for r in store.all()] == ["ab-1", "aa-12", "aa-1"]
        for wrong in ("a", "zz", "", "%", "a_"):
            with pytest.raises(BadInput):
                store.find(wrong)

    def test_no_run_at_all_is_bad_input(self, restart: Restart) -> None:
        """Not an empty answer, nor a crash."""
        store = restart()
        assert list(store.all()) == []
        with pytest.raises(BadInput):
            store.find("last")

    def test_an_id_is_entered_once_and_only_what_is_there_is_changed(
        self, restart: Restart
    ) -> None:
        """Two runs never share a record."""
        store = restart()
        store.create(RunRecord(id="r1", request="first", options={}, created=1))
        with pytest.raises(ValueError, match="already"):
            store.create(RunRecord(id="r1", request="second", options={}, created=2))
        assert store.find("r1").request == "first"
        with pytest.raises(KeyError):
            store.update("r2", status="done")


class BlobLaws:
    """Large texts."""

    def test_a_blob_comes_back_by_its_hash(self, restart: Restart) -> None:
        """Empty ones and repeated ones too."""
        store = restart()
        for data in (b"", b"\x00\xff" * 1000, b"\x00\xff" * 1000):
            key = store.keep(data)
            assert key == hashlib.sha256(data).hexdigest()
            assert restart().load(key) == data
            store = restart()

    def test_a_blob_that_is_not_there_is_a_key_error(self, restart: Restart) -> None:
        """Whatever the key looks like."""
        store = restart()
        for key in ("0" * 64, "", "../" * 21 + "x", "0"):
            with pytest.raises(KeyError):
                store.load(key)


class DocumentLaws:
    """Documents of runs."""

    def test_a_document_is_replaced_whole_and_known_by_its_name(self, restart: Restart) -> None:
        """Of each run its own, whatever the text."""
        store = restart()
        assert store.document("r", "plan.md") is None
        assert list(store.documents("r")) == []
        store.put_document("r", "plan.md", "old")
        store.put_document("r", "plan.md", "é\ud800\x00\r\n")
        store.put_document("r", "Zeal.md", "")
        store.put_document("other", "x.md", "x")
        store = restart()
        assert store.document("r", "plan.md") == "é\ud800\x00\r\n"
        assert store.document("r", "Zeal.md") == ""
        assert list(store.documents("r")) == ["Zeal.md", "plan.md"]


class AttemptLaws:
    """How often a part was begun."""

    def test_beginnings_are_counted_until_there_is_progress(self, restart: Restart) -> None:
        """Of each part its own, also when the process dies between them."""
        assert restart().attempt("r", "task:a") == 1
        store = restart()
        assert store.attempt("r", "task:a") == 2
        assert store.attempt("r", "task:b") == 1
        assert store.attempt("other", "task:a") == 1
        store.progressed("r", "task:a")
        store.progressed("r", "never begun")
        assert restart().attempt("r", "task:a") == 1
        assert restart().attempt("r", "task:b") == 2


class StoreLaws(
    LogLaws,
    LedgerLaws,
    AnswerLaws,
    SignalLaws,
    DocumentLaws,
    AttemptLaws,
    RunLaws,
    TogetherLaws,
    BlobLaws,
):
    """All of them."""


class ProjectLaws:
    """Where a store holds several projects. A subclass supplies `two`: both open on one store."""

    def test_each_project_sees_its_own_runs_money_and_answers(
        self, two: tuple[Store, Store]
    ) -> None:
        """An id is taken for all, as the engine knows a run by it alone."""
        mine, theirs = two
        mine.create(RunRecord(id="r1", request="", options={}, created=1))
        theirs.create(RunRecord(id="r2", request="", options={}, created=2))
        with pytest.raises(ValueError, match="already"):
            theirs.create(RunRecord(id="r1", request="", options={}, created=3))
        assert [r.id for r in mine.all()] == ["r1"]
        assert mine.find("last").id == mine.find("r").id == "r1"
        with pytest.raises(BadInput):
            mine.find("r2")
        with pytest.raises(KeyError):
            mine.update("r2", status="done")
        held(mine, 5, run="r1")
        held(theirs, 7, run="r2")
        assert [e.held for e in mine.entries(None)] == [5]
        assert [e.held for e in theirs.entries(None)] == [7]
        mine.put("h", "r1", "q", {}, {"n": 1})
        assert theirs.get("h", run="r2") is None
        theirs.put("h", "r2", "q", {}, {"n": 2})
        assert mine.get("h", run="later") == {"n": 1, "run": "r1"}
        assert theirs.get("h", run="later") == {"n": 2, "run": "r2"}
        assert mine.load(theirs.keep(b"x")) == b"x"
