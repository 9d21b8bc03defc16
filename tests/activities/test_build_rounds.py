"""Build: a task asks for more files and is built again; what no reply can hold comes in parts."""

import asyncio
import re
from types import SimpleNamespace

from memory_repo import MemoryRepo

from partita.activities.build import ROUNDS, WHY, build, mend
from partita.core.budget import Usage
from partita.core.nonce import nonce
from partita.core.plan import Contract, Plan, Task, WantedFile
from partita.core.question import Answer
from partita.core.start import Start
from partita.core.state import Built, Failed, Wants
from partita.core.worker import GaveUp

START = Start(request="do it", seed="s")
CODE = "def f() -> int:\n    return 1\n"
BRANCH = "partita/run/core"


class Coder:
    """Answers by question name, and refuses a name that comes twice."""

    def __init__(self, **replies):
        self.replies = replies
        self.asked = {}
        self.spoilt = []

    def limit(self, role):
        return 16_000

    async def ask(self, question, *, choice=0):
        assert question.name not in self.asked
        self.asked[question.name] = question
        reply = self.replies[question.name.removeprefix("build:core:").replace(":", "_")]
        text, finish = reply if isinstance(reply, tuple) else (reply, "stop")
        text = text.replace("{id}", nonce("s", question.name.rpartition(":")[0]))
        return Answer(text=text, finish=finish, usage=Usage(input=1, output=1), model="m")

    def spoil(self, name):
        self.spoilt.append(name)

    def text(self, name):
        return self.asked[name].messages[-1].text


def file(path, text=CODE):
    return f'<file path="{path}" id="{{id}}">\n{text}</file {{id}}>\n'


def edit(path, search, replace):
    body = f"<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"
    return f'<file path="{path}" id="{{id}}" op="edit">\n{body}</file {{id}}>\n'


def need(path):
    return f'<need path="{path}">it must call this</need>\n'


def task(*paths, **more):
    files = tuple(WantedFile(path=p) for p in paths)
    return Task(id="core", objective="f", **{"touch": paths, "files": files, **more})


def run(coder, repo, job, base="", *, start=START, plan=None, **more):
    told = []
    world = SimpleNamespace(
        run="run",
        asker=coder,
        repo=repo,
        tell=lambda key, kind, **data: told.append((key, kind, data)),
    )
    plan = plan or Plan(name="x", tasks=(job,))
    outcome = asyncio.run(build(world, start, plan, job, base, **more))
    assert len({key for key, _, _ in told}) == len(told)
    return outcome, [(kind, data) for _, kind, data in told]


def test_a_task_that_asks_for_more_keeps_what_it_has_and_is_built_again():
    repo = MemoryRepo(base={"main.py": "X = 1\n"})
    start = Start(request="do it", seed="s", base="base")
    job = task("pkg/a.py", "pkg/b.py")
    coder = Coder(**{"1": file("pkg/a.py") + need("main.py"), "round2_1": ""})
    wants, told = run(coder, repo, job, "base", start=start)
    assert wants == Wants(
        task="core", paths=("main.py",), why="main.py: it must call this", commit="c2"
    )
    assert repo.trees["c2"] == {"main.py": "X = 1\n", "pkg/a.py": CODE}
    assert repo.branches == {BRANCH: "c2"}
    assert told[0][0] == "patch"
    assert told[0][1]["files"] == ["pkg/a.py"]

    coder.replies["round2_1"] = edit("main.py", "X = 1\n", "X = 2\n") + file("pkg/b.py")
    wide = task("pkg/a.py", "pkg/b.py", "main.py", files=job.files)
    outcome, _ = run(
        coder,
        repo,
        wide,
        "c2",
        start=start,
        round=2,
        answer="Granted: main.py.",
        granted=("main.py",),
    )
    assert outcome == Built(task="core", commit="c3")
    assert repo.trees["c3"] == {"main.py": "X = 2\n", "pkg/a.py": CODE, "pkg/b.py": CODE}
    assert repo.branches == {BRANCH: "c3"}
    said = coder.text("build:core:round2:1")
    assert "# Your request for more files\nGranted: main.py.\nWhat you sent before was" in said
    assert '<material of="main.py">\nX = 1\n' in said
    assert '<material of="pkg/a.py">' in said
    assert "Send now: pkg/b.py\n" in said
    assert said.index("main.py") < said.index("Your request")


def test_a_refused_task_may_leave_it_at_what_it_sent():
    repo = MemoryRepo(c1={"pkg/a.py": CODE})
    job = task("pkg/a.py")
    coder = Coder(round2_1="NOTHING")
    outcome, _ = run(
        coder,
        repo,
        job,
        "c1",
        round=2,
        answer="Refused: main.py, t2 writes it.",
        denied=("main.py",),
    )
    assert outcome == Built(task="core", commit="c1")
    assert repo.branches == {BRANCH: "c1"}
    assert "Send now" not in coder.text("build:core:round2:1")


def test_nothing_is_no_answer_of_a_task_that_sent_nothing():
    repo = MemoryRepo(base={"pkg/a.py": CODE, "main.py": "X = 1\n"}, both={})
    repo.trees["both"] = {**repo.trees["base"], "main.py": "X = 2\n"}
    start = Start(request="do it", seed="s", base="base")
    job = task("pkg/a.py", touch=("pkg/a.py", "main.py"))
    for base in ("base", "both"):  # what others did to a granted file is none of its work
        coder = Coder(**{f"round2_{n}": "NOTHING" for n in range(1, 6)})
        outcome, _ = run(
            coder, repo, job, base, start=start, round=2, answer="Granted.", granted=("main.py",)
        )
        assert isinstance(outcome, Failed)
        assert "none was kept of your earlier reply" in coder.text("build:core:round2:1")
        assert "Send now: pkg/a.py" in coder.text("build:core:round2:1")


def test_an_existing_file_that_was_changed_is_not_asked_for_again():
    repo = MemoryRepo(base={"a.py": "A = 1\n", "b.py": "B = 1\n"}, c1={})
    repo.trees["c1"] = {"a.py": "A = 2\n", "b.py": "B = 1\n"}
    start = Start(request="do it", seed="s", base="base")
    coder = Coder(round2_1=edit("b.py", "B = 1\n", "B = 2\n"))
    outcome, _ = run(coder, repo, task("a.py", "b.py"), "c1", start=start, round=2, answer="No.")
    assert outcome == Built(task="core", commit="c3")
    assert "Send now: b.py\n" in coder.text("build:core:round2:1")


def test_a_request_with_nothing_done_has_no_commit():
    repo = MemoryRepo()
    outcome, _ = run(Coder(**{"1": need("main.py")}), repo, task("a.py"))
    assert outcome == Wants(
        task="core", paths=("main.py",), why="main.py: it must call this", commit=""
    )
    assert repo.branches == {}


def test_the_reasons_of_a_request_have_bounds():
    many = "".join(need(f"lib/{n:0>80}.py") for n in range(20))
    outcome, _ = run(Coder(**{"1": many}), MemoryRepo(), task("a.py"))
    assert len(outcome.paths) == 20
    assert len(outcome.why) == WHY


def test_the_last_round_may_not_ask():
    repo = MemoryRepo()
    name = f"round{ROUNDS}_"
    coder = Coder(**{f"{name}1": file("a.py") + need("main.py"), f"{name}2": "NOTHING"})
    outcome, _ = run(coder, repo, task("a.py"), round=ROUNDS, answer="Refused.")
    assert isinstance(outcome, Built)
    assert "<need" not in coder.text(f"build:core:round{ROUNDS}:1")
    assert coder.spoilt == [f"build:core:round{ROUNDS}:1"]
    one_less = Coder(**{f"round{ROUNDS - 1}_1": need("main.py")})
    assert isinstance(run(one_less, MemoryRepo(), task("a.py"), round=ROUNDS - 1)[0], Wants)


def test_what_was_refused_before_is_refused_without_asking():
    coder = Coder(round2_1=file("a.py") + need("main.py"), round2_2="NOTHING")
    outcome, told = run(
        coder, MemoryRepo(), task("a.py"), round=2, answer="No.", denied=["main.py"]
    )
    assert isinstance(outcome, Built)
    assert "refused before" in told[0][1]["why"]


def test_edits_are_taught_where_there_are_files():
    coder = Coder(**{"1": file("a.py")})
    run(coder, MemoryRepo(), task("a.py"))
    assert "SEARCH" not in coder.text("build:core:1")
    coder = Coder(**{"1": file("a.py")})
    start = Start(request="do it", seed="s", base="base")
    run(coder, MemoryRepo(base={"README.md": "hi\n"}), task("a.py"), "base", start=start)
    assert "SEARCH" in coder.text("build:core:1")
    coder = Coder(**{"1": file("a.py")})
    run(coder, MemoryRepo(c1={"a.py": "A = 1\n"}), task("a.py"), "c1")  # another task's work
    assert "SEARCH" in coder.text("build:core:1")


# --- parts --------------------------------------------------------------------------------------

CUT = (file("a.py", "A = 1\n" * 99)[:200], "length")
MORE = ("A = 1\n", "length")


def test_what_did_not_fit_is_asked_for_file_by_file():
    repo = MemoryRepo()
    contract = Contract(
        id="f", kind="function", signature="def f() -> int", path="b.py", symbol="f"
    )
    job = task("c.py", "a.py", "b.py", "py.typed", provides=("f",))
    first = file("c.py") + CUT[0]
    coder = Coder(
        **{"1": (first, "length"), "2": MORE, "3": MORE, "4": MORE},
        rest1_1=file("a.py"),
        rest2_1=file("b.py", "def g() -> int:\n    return 1\n"),
        rest2_2=file("b.py"),
    )
    plan = Plan(name="x", tasks=(job,), contracts=(contract,))
    outcome, told = run(coder, repo, job, plan=plan)
    assert isinstance(outcome, Built)
    assert sorted(repo.trees[outcome.commit]) == ["a.py", "b.py", "c.py", "py.typed"]
    assert "Send now: a.py\n" in coder.text("build:core:rest1:1")
    assert "Send now: b.py\n" in coder.text("build:core:rest2:1")
    assert '<material of="a.py">' in coder.text("build:core:rest2:1")
    assert [kind for kind, _ in told] == ["patch", "patch", "reply.unusable", "patch"]


def test_a_part_that_did_not_fit_goes_before_the_next_part():
    lines = {"a.py": 500, "b.py": 500, "c.py": 900}  # the first two fit into one question
    files = tuple(WantedFile(path=p, lines=n, importance="low") for p, n in lines.items())
    job = task(*lines, files=files)
    coder = Coder(
        **{"1": CUT, "2": MORE, "3": MORE, "4": MORE},
        rest1_1=file("a.py"),
        rest2_1=file("b.py"),
        part2_1=file("c.py"),
    )
    outcome, _ = run(coder, MemoryRepo(), job)
    assert isinstance(outcome, Built)
    names = [re.sub(r":\d+$", "", name) for name in coder.asked]
    assert list(dict.fromkeys(names)) == [
        "build:core",
        "build:core:rest1",
        "build:core:rest2",
        "build:core:part2",
    ]


def test_a_single_file_that_never_ends_is_named():
    coder = Coder(**{"1": CUT, "2": MORE, "3": MORE, "4": MORE, "5": CUT})
    outcome, _ = run(coder, MemoryRepo(), task("a.py"))
    assert isinstance(outcome, Failed)
    assert outcome.why.startswith("no usable files: a.py was cut off and did not end")


def test_rests_of_a_second_round_have_names_of_their_own():
    replies = {f"round2_{n}": r for n, r in enumerate((CUT, MORE, MORE, MORE), 1)}
    coder = Coder(**replies, round2_rest1_1=file("a.py"), round2_rest2_1=need("main.py"))
    outcome, _ = run(coder, MemoryRepo(), task("a.py", "b.py"), round=2, answer="No.")
    assert isinstance(outcome, Wants)
    assert outcome.commit
    assert "Your request" in coder.text("build:core:round2:1")
    assert "Your request" not in coder.text("build:core:round2:rest1:1")


def test_a_path_that_git_refuses_fails_the_task():
    outcome, _ = run(Coder(**{"1": file("refused.py")}), MemoryRepo(), task("refused.py"))
    assert outcome == Failed(task="core", why="no usable files: git refuses refused.py")


# --- mending ------------------------------------------------------------------------------------


def fixed(evidence, *, look_at=(), reply=None):
    store = Contract(
        id="store", kind="class", signature="class Store", path="store.py", symbol="Store"
    )
    job = task("a.py", "refused.py", uses=("store",))
    plan = Plan(name="x", tasks=(job,), contracts=(store,))
    repo = MemoryRepo(c1={"a.py": CODE, "store.py": "class Store:\n    pass\n", "other.py": CODE})
    reply = reply or file("a.py", "A = 2\n")
    coder = Coder(fix_core_1_1=reply, fix_core_1_2="NOTHING")
    world = SimpleNamespace(run="run", asker=coder, repo=repo, tell=lambda *_, **__: None)
    more = {"name": "fix:core:1", "evidence": evidence, "tried": (), "look_at": look_at}
    outcome = asyncio.run(mend(world, START, plan, job, "c1", **more))
    return outcome, coder.text("fix:core:1:1")


def test_a_fix_shows_a_used_contract_s_file_only_where_the_failure_touches_it():
    assert '<material of="store.py">' in fixed("'Store' object has no attribute 'add'")[1]
    assert '<material of="store.py">' in fixed("boom", look_at=["store.py"])[1]
    assert '<material of="store.py">' not in fixed("assert 1 == 2")[1]
    assert '<material of="other.py">' not in fixed("other.py:3: boom")[1]


def test_a_fix_may_not_ask_for_more():
    outcome, said = fixed("boom", reply=file("a.py", "A = 2\n") + need("store.py"))
    assert outcome == "c2"
    assert "<need" not in said


def test_a_fix_that_git_refuses_is_none():
    outcome, _ = fixed("boom", reply=file("refused.py"))
    assert outcome == GaveUp(why="git refuses refused.py")
