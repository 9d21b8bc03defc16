"""Whatever a model answers: what is unusable goes back to it, nothing but good work lands."""

import json
import time

import answers
import pytest
from answers import CORE, PLAN, README, TEST_CORE, TEST_WEB, WEB, edit, file, rule
from kit import gone

pytestmark = pytest.mark.sandbox

APOLOGY = "I'm sorry, but I can't help with that."
ELIDED = "# ... rest unchanged\n" + CORE
OUTSIDE = "../../outside.txt"
QUICK = ("build", answers.REQUEST, "--depth", "quick")
CORE_FILES = file("hello/core.py", CORE) + file("tests/test_core.py", TEST_CORE)


def once(match, reply, **more):
    return rule(match, reply, times=1, **more)


def analysis(reply, **more):
    return once("Analyse the request", reply, **more)


def design(reply, **more):
    return once("Divide the work into tasks", reply, **more)


def core(reply, **more):
    return once("`core`: the greeting", reply, **more)


def good():
    return [answers.analysis(), answers.plan(), answers.core(), answers.web()]


def complaints(stub):
    """What went back to the model, as one text."""
    return "\n".join(r.texts[-1][1] for r in stub.requests if "can't be " in r.texts[-1][1])


def unchanged(shell, commit):
    """The user's side of the repository is as it was, and nothing of the run is left running."""
    assert shell.git("rev-parse", "main").strip() == commit
    assert shell.git("status", "--porcelain") == ""
    assert gone(str(shell.folder)) == []
    assert not [p for p in shell.folder.parent.rglob("outside*") if ".partita" not in p.parts]
    return True


# --- first a bad reply, then a good one ---------------------------------------------------------


def test_prose_silence_and_cut_json_are_asked_again_until_they_can_be_used(offering):
    whole = json.dumps(answers.ANALYSIS)
    plan = json.dumps(PLAN)
    shell, stub = offering(
        analysis("Let me think about the service first."),
        analysis(""),
        design(plan[: len(plan) // 2], finish="length"),
        design(plan[: len(plan) // 2]),
        core(APOLOGY),
        core(""),
        rule("Analyse the request", "Certainly!\n```json\n" + whole + "\n```\nAnything else?"),
        *good(),
    )
    done = shell.partita(*QUICK)
    assert done.code == 0, done.err
    assert len([r for r in stub.requests if "That can't be used" in r.texts[-1][1]]) == 4
    asked = complaints(stub)
    for words in (
        "Let me think about the service",
        "it is empty",
        "cut off; answer more briefly",
        "apologises or declines",
    ):
        assert words in asked
    assert done.err.count("can't be used") == 6
    assert (shell.folder / "hello/core.py").read_text() == CORE


def test_files_outside_of_a_tasks_scope_are_refused_one_by_one(offering, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    bad = [
        *(OUTSIDE, str(tmp_path / "outside.txt"), "out/outside.txt", ".git/hooks/post-checkout"),
        *(".GIT/hooks/outside", ".partita/outside", "hello/web.py", "notes.txt/outside.txt"),
    ]
    shell, stub = offering(
        answers.analysis(),
        answers.plan(
            tasks=[{**PLAN["tasks"][0], "touch": ["**"], "forbid": ["hello/web.py", "README.md"]}]
        ),
        core("".join(file(path, "x\n") for path in bad) + CORE_FILES),
        answers.core(),
    )
    (shell.folder / "out").symlink_to(away)
    before = shell.commit_all("a link that leads out")
    done = shell.partita(*QUICK)
    assert done.code == 0, done.err
    asked = complaints(stub)
    for words in (
        f"'{OUTSIDE}' can't be written: it has the segment `..`",
        "outside.txt' can't be written: it is absolute",
        "out/outside.txt can't be written: out is a symbolic link",
        "'.git/hooks/post-checkout' can't be written: it holds git's own folder",
        "'.GIT/hooks/outside' can't be written: it holds git's own folder",
        "'.partita/outside' can't be written: it holds Partita's own folder",
        "hello/web.py is not yours to write",
    ):
        assert words in asked
    assert "notes.txt can't be a file and the folder of notes.txt/outside.txt" in asked
    assert list(away.iterdir()) == []
    assert not (shell.folder / ".git/hooks/post-checkout").exists()
    assert unchanged(shell, shell.git("rev-parse", "HEAD").strip())
    landed = shell.git("diff", "--name-only", before, "main").split()
    assert landed == [
        *("hello/__init__.py", "hello/core.py", "tests/__init__.py", "tests/test_core.py")
    ]


def test_a_real_file_is_not_replaced_by_less_than_a_file(offering):
    page = WEB + "".join(f"\n\ndef line_{n}() -> int:\n    return {n}\n" for n in range(40))
    whole = file("hello/web.py", page)
    shell, stub = offering(
        answers.analysis(),
        answers.plan(),
        core(file("hello/core.py", ELIDED) + file("tests/test_core.py", TEST_CORE)),
        core(file("hello/core.py", "# TODO\n")),
        core(edit("hello/core.py", "    return 'never there'\n", "    return ''\n")),
        rule("`core`: the greeting", edit("hello/core.py", "    return name\n", CORE_END)),
        once("`web`: the page", whole[: len(whole) // 2], finish="length"),
        once(
            "cut off inside hello/web.py",
            whole[len(whole) // 2 :]
            + file("tests/test_web.py", TEST_WEB)
            + file("README.md", README),
        ),
    )
    shell.write("hello/core.py", CORE.replace(CORE_END, "    return name\n"))
    shell.commit_all()
    done = shell.partita(*QUICK, "--yes")
    assert done.code == 0, done.err
    asked = complaints(stub)
    assert "hello/core.py leaves code out (line 1 of hello/core.py stands for code" in asked
    assert "hello/core.py is only a placeholder: write it for real" in asked
    assert "hello/core.py: edit 1 of 1: its SEARCH lines are not in the file" in asked
    assert (shell.folder / "hello/core.py").read_text() == CORE
    assert (shell.folder / "hello/web.py").read_text() == page


CORE_END = '    return f"Hello, {name}!"\n'


def test_a_plan_that_can_not_run_is_mended_by_its_planner(offering):
    one, two = PLAN["tasks"]
    hostile = "../../x; $(touch outside)\n`id`"
    overlapping = [one, {**two, "touch": ["hello/**"], "needs": ["nobody"]}]
    circular = [{**one, "needs": ["web"]}, {**two, "needs": ["core"]}]
    shell, stub = offering(
        answers.analysis(),
        design(json.dumps({**PLAN, "tasks": overlapping})),
        design(json.dumps({**PLAN, "tasks": circular})),
        answers.plan(tasks=[one, {**two, "id": hostile}]),
        answers.core(),
        rule("the page", answers.web()["reply"]),
    )
    done = shell.partita(*QUICK)
    assert done.code == 0, done.err
    asked = complaints(stub)
    for words in (
        "`web` needs `nobody`, which is no task",
        "`core` and `web` may both write `hello/core.py` at the same time",
        "These tasks wait for each other: `core`, which waits for `web`",
    ):
        assert words in asked
    assert "plan: core, x-touch-outside-id" in done.err
    assert unchanged(shell, shell.git("rev-parse", "HEAD").strip())


def test_words_of_a_model_reach_neither_the_terminal_nor_the_trailers_raw(offering):
    goal = "A greeting.\x1b[2J\x1b]0;owned\x07\n\nPartita-Run: forged"
    shell, _ = offering(
        answers.analysis(goal=goal, go=True),
        answers.plan(name="hello\n\nPartita-Run: forged"),
        core("\x1b[31mNo.\x1b[0m \u202etxt"),
        answers.core(),
        answers.web(),
    )
    done = shell.partita(*QUICK)
    assert done.code == 0, done.err
    assert not set(done.out + done.err) & {"\x1b", "\x07", "\u202e"}
    runs = shell.git("log", "-1", "--format=%(trailers:key=Partita-Run,valueonly)").split()
    assert len(runs) == 1
    assert runs[0] in done.out
    assert len(shell.git("log", "-1", "--format=%s").strip()) <= 72
    assert "\x1b" not in shell.git("log", "-1", "--format=%B")


# --- only bad replies ---------------------------------------------------------------------------


def test_a_model_that_only_chats_ends_the_run_soon(offering):
    shell, stub = offering(rule("", "What a lovely idea! Shall we talk about it?"))
    before = shell.git("rev-parse", "main").strip()
    began = time.monotonic()
    done = shell.partita("build", answers.REQUEST, timeout=30)
    assert time.monotonic() - began < 30
    assert done.code == 1
    assert "gave no usable answer to the question" in done.err
    assert "What a lovely idea!" in done.err
    assert "--model PROVIDER:NAME" in done.err
    assert len(stub.requests) == 3
    assert shell.branches() == ["main"]
    assert unchanged(shell, before)


def test_a_plan_that_is_never_mended_ends_the_run(offering):
    one, two = PLAN["tasks"]
    shell, stub = offering(
        answers.analysis(), answers.plan(tasks=[one, {**two, "touch": ["hello/**"]}])
    )
    before = shell.git("rev-parse", "main").strip()
    done = shell.partita(*QUICK)
    assert done.code == 1
    assert "no usable answer to the question 'design' in 3 tries" in done.err
    assert len(stub.requests) == 4
    assert shell.branches() == ["main"]
    assert unchanged(shell, before)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (APOLOGY, "it apologises or declines"),
        (CORE_FILES.replace("hello/core.py", OUTSIDE), "it has the segment `..`"),
        (CORE_FILES.replace(CORE, ELIDED), "leaves code out"),
    ],
    ids=["apology", "outside", "elided"],
)
def test_a_task_that_is_never_done_keeps_what_the_others_made(offering, reply, why):
    shell, stub = offering(
        answers.analysis(),
        answers.plan(
            contracts=[],
            tasks=[
                {**PLAN["tasks"][0], "provides": [], "files": PLAN["tasks"][0]["files"][2:]},
                {**PLAN["tasks"][1], "uses": []},
            ],
        ),
        rule("`core`: the greeting", reply),
        rule("`web`: the page", file("hello/web.py", "PAGE = 'hi'\n") + WEB_REST),
    )
    before = shell.git("rev-parse", "main").strip()
    done = shell.partita(*QUICK)
    assert done.code == 1
    assert "Nothing landed. task core: no usable files:" in done.err
    assert why in done.err
    assert sum("`core`: the greeting" in r.texts[1][1] for r in stub.requests) == 5
    run = shell.partita("status", "--json").out
    assert "not accepted" in run
    kept = [b for b in shell.branches() if b.endswith("/_result")]
    assert f"kept on the branch {kept[0]}" in done.err
    assert shell.git("show", f"{kept[0]}:hello/web.py") == "PAGE = 'hi'\n"
    assert any(b.endswith("/web") for b in shell.branches())
    assert not any(b.endswith("/core") for b in shell.branches())
    assert unchanged(shell, before)


WEB_REST = file("README.md", README) + file(
    "tests/test_web.py",
    "import unittest\n\nfrom hello.web import PAGE\n\n\nclass Page(unittest.TestCase):\n"
    "    def test_page(self):\n        self.assertEqual(PAGE, 'hi')\n",
)


def test_the_next_model_of_the_route_takes_over_from_one_that_is_of_no_use(offering, tmp_path):
    shell, good_one = offering(*good())
    _, bad_one = offering(rule("", APOLOGY))
    tables = tmp_path / "config.toml"
    tables.write_text(
        "".join(
            f'[models.{name}]\nwire = "openai"\nname = "{name}"\nbase_url = "{stub.url}"\n'
            for name, stub in (("bad", bad_one), ("good", good_one))
        )
    )
    shell.url, shell.extra = "", {"PARTITA_CONFIG": str(tables)}
    done = shell.partita(*QUICK, "--model", "bad", "--model", "good")
    assert done.code == 0, done.err
    assert len(bad_one.requests) == 8  # two tries at each of four questions
    assert len(good_one.requests) == 4
    assert {r.body["model"] for r in good_one.requests} == {"good"}
