"""A site: hosts with a clone each, one database, one remote, and a model provider on every host."""

import contextlib
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

from partita.adapters.clock import SystemClock
from partita.adapters.fleet import PostgresFleet
from partita.adapters.store.postgres import PostgresStore
from partita.testing.hosts import DATABASE
from partita.testing.postgres import PostgresCluster
from partita.testing.stub_provider import StubProvider, texts_of

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

import answers

PARTS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
REQUEST = "Build eight parts"
PROJECT = "site"
LATENCY = 0.7  # seconds of every answer: long enough to be struck in the middle of one
TEST = (
    "import unittest\n\nimport {0}\n\n\nclass Name(unittest.TestCase):\n"
    "    def test_name(self):\n        self.assertEqual({0}.NAME, '{0}')\n"
)


def until(condition, what, patience=30.0):
    """Poll; a moment that never comes is a failure that says which."""
    end = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)
    return value


def about(part):
    """The words by which a question on that part is known."""
    return f"`{part}`: the part named {part}"


def good(*first):
    """A whole run of eight parts that know nothing of each other; `first` are tried before."""
    tasks = [
        {
            "id": part,
            "objective": f"the part named {part}",
            "touch": [f"{part}.py", f"test_{part}.py"],
            "files": [{"path": f"{part}.py", "lines": 3}, {"path": f"test_{part}.py", "lines": 9}],
        }
        for part in PARTS
    ]
    parts = [
        answers.rule(
            about(part),
            answers.file(f"{part}.py", f'"""A part."""\n\nNAME = "{part}"\n')
            + answers.file(f"test_{part}.py", TEST.format(part)),
        )
        for part in PARTS
    ]
    plan = {"name": "parts", "architecture": "Eight modules.", "contracts": [], "tasks": tasks}
    return [
        *first,
        answers.analysis(name="parts", goal="Eight parts that know their names."),
        answers.plan(**plan),
        *parts,
    ]


class Site:
    """Three machines that share a database and a remote; `close` it.

    The tests look into the database from the machine that holds it, where nothing is ever cut.
    """

    def __init__(self, net, *rules):
        self.net = net
        self.stubs = {}
        self._ends = contextlib.ExitStack()
        remotes = net.folder / "remotes"
        self.bare = remotes / "parts.git"
        self._git("init", "-q", "--bare", "-b", "main", str(self.bare))
        remote = f"{net.git_daemon(remotes)}/parts.git"
        cluster = PostgresCluster(listen=DATABASE)
        net.within(cluster.__enter__)
        self._ends.callback(cluster.close)
        self.url = net.within(lambda: cluster.url("partita"))
        for name in ("north", "south", "east"):
            self._settle(name, remote, rules or good())
        open_store = partial(PostgresStore, self.url, SystemClock(), project=PROJECT)
        self.store = net.within(open_store)
        self._ends.callback(lambda: net.within(self.store.close))
        self.fleet = net.within(lambda: PostgresFleet(self.url, PROJECT))
        self._ends.callback(lambda: net.within(self.fleet.close))

    def close(self):
        """The machines first, while what they say is still of the test."""
        for name in self.stubs:
            for job in self.net[name].jobs:
                job.kill()
        self._ends.close()

    def _settle(self, name, remote, rules):
        host = self.net[name]
        stub = host.within(lambda: StubProvider(list(rules), latency=LATENCY))
        self.stubs[name] = self._ends.enter_context(stub)
        host.env.update(
            OPENAI_BASE_URL=stub.url,
            PARTITA_DATABASE=self.url,
            PARTITA_PROJECT=PROJECT,
            PARTITA_DEBUG="1",
        )
        host.run("git", "clone", "-q", remote, "clone")
        if name == "north":
            (self.clone(name) / "notes.txt").write_text("mine\n")
            for line in ("add -A", "commit -q -m start", "push -q origin HEAD:main"):
                host.run("git", *line.split(), folder=self.clone(name))

    def clone(self, name):
        return self.net[name].folder / "clone"

    def start(self, name, *args):
        """A command of ours on that host, in its clone."""
        return self.net[name].start(sys.executable, "-m", "partita", *args, folder=self.clone(name))

    def partita(self, name, *args, code=0, patience=40.0):
        """The same to its end; gives what it said."""
        job = self.start(name, *args)
        assert job.wait(patience) == code, job.words
        return job.words

    def workers(self, *names):
        """A worker on each of the hosts, with two slots."""
        jobs = {name: self.start(name, "worker", "--slots", "2") for name in names}
        until(lambda: all(self.members(name) for name in names), f"workers on {names}")
        return jobs

    def members(self, name):
        """The living workers of that host."""
        found = self.net.within(self.fleet.members)
        return [m.id for m in found if m.host == name and not m.dead]

    def build(self, *args):
        """A run that is submitted on the machine that has no worker."""
        job = self.start("east", "build", REQUEST, "--depth", "quick", *args)
        until(lambda: self.runs() or job.process.poll() is not None, "a run")
        assert self.runs(), job.words
        return job

    def _look(self, look):
        return self.net.within(lambda: look(self.store))

    def runs(self):
        return self._look(lambda s: s.all())

    @property
    def run(self):
        return self._look(lambda s: s.find("last"))

    def events(self):
        run = self.run.id
        return self._look(lambda s: s.events(run))

    def answered(self):
        """The tasks that have had an answer."""
        return {e.data["task"] for e in self.events() if e.type == "call.finished"}

    def ledger(self):
        run = self.run.id
        return self._look(lambda s: s.entries(run))

    def transcript(self):
        run = self.run.id
        return self._look(lambda s: s.transcript(run))

    def asked(self, name, *, open_only=False):
        """The parts that this host has asked about (and has no answer to yet)."""
        found = []
        for request in list(self.stubs[name].requests):
            text = "\n".join(text for _, text in texts_of(request.body))
            if not (open_only and request.end is not None):
                found += [part for part in PARTS if about(part) in text]
        return found

    def companion(self):
        """The host that accompanies the run: it has asked for the plan."""
        texts = {
            name: [text for r in stub.requests for _, text in r.texts]
            for name, stub in self.stubs.items()
        }
        found = [n for n, said in texts.items() if any("Divide the work" in t for t in said)]
        return found[-1] if found else None

    def _git(self, *args):
        done = subprocess.run(["git", *args], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def bare_git(self, *args):
        return self._git("--git-dir", str(self.bare), *args)

    def landed_once(self):
        """One commit on the remote's branch carries the run; the tree is whole; nothing is left."""
        commits = self.bare_git("log", "--format=%H %(trailers:key=Partita-Run,valueonly)", "main")
        assert commits.count(self.run.id) == 1, commits
        names = {"notes.txt", *(f"{p}.py" for p in PARTS), *(f"test_{p}.py" for p in PARTS)}
        tree = set(self.bare_git("ls-tree", "-r", "--name-only", "main").split())
        assert tree >= names
        refs = self.bare_git("for-each-ref", "--format=%(refname)").split()
        assert refs == ["refs/heads/main"]
        self.bare_git("fsck", "--strict", "--no-dangling")

    def nothing_is_asked_twice(self):
        """Each question has one answer that was kept and paid; each request is in the ledger."""
        entries = self.ledger()
        settled = Counter(e.question for e in entries if e.state == "settled")
        assert set(settled.values()) == {1}, settled
        assert {e.state for e in entries} <= {"settled", "released", "unconfirmed"}
        paid = Counter(e.question for e in entries if e.state in ("settled", "unconfirmed"))
        sent = Counter(
            tuple(text for _, text in request.texts)
            for stub in self.stubs.values()
            for request in stub.requests
        )
        for exchange in self.transcript():
            asked = sent[tuple(m["text"] for m in exchange["request"]["messages"])]
            assert asked <= paid[exchange["name"]], exchange["name"]

    def clones_are_untouched(self, *names):
        for name in names:
            git = lambda *args, name=name: self.net[name].run(  # noqa: E731
                "git", *args, folder=self.clone(name)
            )
            assert git("status", "--porcelain") == ""
            assert git("log", "-1", "--format=%s") == "start\n"
            assert git("worktree", "list").count("\n") == 1
