"""`partita check plan`: problems with their mends, how it would run, repair, and what it costs."""

import json
import subprocess

import pytest
from check_kit import answer, answers_to, ask, piped

from partita.core.plan import Plan
from partita.core.planfile import read_plan
from partita.core.problems import problems

KEYS = {"ok", "problems", "waves", "critical_path", "estimate", "base"}


def task(ident, *touch, **rest):
    return {"id": ident, "objective": f"do {ident}", "touch": list(touch), **rest}


GOOD = {
    "name": "x",
    "tasks": [
        task("core", "core/**", files=[{"path": "core/a.py", "lines": 400}]),
        task("web", "web/**", needs=["core"]),
        task("docs", "docs/**"),
    ],
}
CLASH = {"name": "x", "tasks": [task("a", "app/*.py"), task("b", "app/s.py"), task("c", "c")]}
STUCK = {"name": "x", "tasks": [task("a", "app"), task("b", "app/s.py")]}


@pytest.fixture(autouse=True)
def somewhere(tmp_path, monkeypatch):
    """In an empty folder that is no repository, with a home of its own."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PARTITA_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").touch()
    return folder


def commit(folder, *paths):
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    me = ("-c", "user.name=Una", "-c", "user.email=una@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*me, "commit", "-q", "-m", "x")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_a_good_plan_shows_how_it_would_run():
    code, said = answer("plan", stdin=GOOD)
    assert (code, set(said), said["ok"], said["problems"]) == (0, KEYS, True, [])
    assert said["waves"] == [["core", "docs"], ["web"]]
    assert said["critical_path"] == ["core", "web"]
    assert said["base"] is None
    estimate = said["estimate"]
    assert estimate["money"] is None
    for figure in (estimate["calls"], estimate["tokens"], estimate["seconds"]):
        assert 0 < figure["low"] <= figure["high"]
    assert set(estimate["per_task"]) == {"core", "web", "docs"}


def test_every_problem_comes_with_its_mend():
    code, said = answer("plan", stdin=CLASH)
    assert (code, said["ok"]) == (1, False)
    (problem,) = said["problems"]
    assert set(problem) == {"kind", "text", "tasks", "witness", "mend", "fix"}
    assert (problem["kind"], problem["tasks"], problem["witness"]) == (
        "overlap",
        ["a", "b"],
        "app/s.py",
    )
    assert problem["mend"]
    assert problem["fix"]["type"] == "OrderTasks"
    cyclic = {"name": "x", "tasks": [task("a", "a", needs=["b"]), task("b", "b", needs=["a"])]}
    code, said = answer("plan", stdin=cyclic)
    assert (code, said["problems"][0]["kind"], said["waves"]) == (1, "cycle", [["a", "b"]])
    assert said["critical_path"] == []
    code, said = answer("plan", stdin={"name": "x", "tasks": []})
    assert (code, said["problems"][0]["kind"], said["waves"]) == (1, "empty", [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("[]", "is a list"),
        ('{"name": "x", "name": "y", "tasks": []}', "`name` is there twice"),
        ('{"name": "x"}', "`tasks`"),
        ('{"name": "x", "tasks": [{"id": 3}]}', "tasks[0].id"),
    ],
)
def test_what_is_no_plan_is_unusable(text, why):
    done = ask("plan", stdin=text)
    assert (done.code, done.out) == (2, "")
    assert why in done.err


def test_all_that_keeps_it_from_being_a_plan_is_said():
    done = ask("plan", stdin={"tasks": [{"id": 3, "touch": 4}]})
    assert done.code == 2
    assert all(word in done.err for word in ("`name`", "tasks[0].id", "tasks[0].touch"))


def test_blindness_is_an_option():
    data = {"name": "x", "tasks": [task("a", "README.md"), task("b", "readme.md")]}
    assert answer("plan", stdin=data)[0] == 0
    assert answer("plan", "--case-blind", stdin=data)[0] == 1
    data = {"name": "x", "tasks": [task("a", "caf\u00e9"), task("b", "cafe\u0301")]}
    assert answer("plan", "--form-blind", stdin=data)[0] == 1


def test_the_files_of_the_last_commit_count(somewhere):
    data = {"name": "x", "tasks": [task("a", "lib")]}
    assert answer("plan", stdin=data)[0] == 0
    base = commit(somewhere, "lib/one.py")
    code, said = answer("plan", stdin=data)
    assert (code, said["base"]) == (0, base)
    literal = {"name": "x", "tasks": [task("a", "lib/[x].py"), task("b", "lib/x.py")]}
    assert answer("plan", stdin=literal)[0] == 1
    base = commit(somewhere, "lib/[x].py")
    assert answer("plan", stdin=literal)[0] == 0  # the file that is there is meant, not a class
    inside = somewhere / "lib"
    done = piped("plan", "--json", stdin=json.dumps(literal).encode(), cwd=inside)
    assert (done.returncode, json.loads(done.stdout)["base"]) == (0, base)


def test_lines_are_plans():
    lines = [{"id": 1, "plan": GOOD}, {"id": 2, "plan": CLASH}]
    code, said = answers_to("plan", lines=lines)
    assert (code, [(s["id"], s["ok"]) for s in said]) == (1, [(1, True), (2, False)])
    lines += [{"id": 3}, {"id": 4, "plan": []}, {"id": 5, "plan": {"name": "x"}}]
    code, said = answers_to("plan", lines=lines)
    assert code == 2
    assert [s["id"] for s in said] == [1, 2, 3, 4, 5]
    for line, why in zip(said[2:], ("missing", "is a list", "`tasks`"), strict=True):
        assert why in line["error"]


# Repair


def test_a_repaired_plan_is_written_and_has_no_problems(somewhere):
    out = somewhere / "mended.json"
    code, said = answer("plan", "--repair", out, stdin=CLASH)
    assert (code, said["ok"], said["problems"]) == (0, True, [])
    assert len(said["done"]) == 1
    plan = read_plan(json.loads(out.read_text()))
    assert isinstance(plan, Plan)
    assert problems(plan) == ()
    assert [t.touch for t in plan.tasks] == [("app/*.py",), ("app/s.py",), ("c",)]
    assert said["waves"] != [["a", "b", "c"]]
    code, again = answer("plan", out, "--repair", out)
    assert (code, again["done"]) == (0, [])
    assert read_plan(json.loads(out.read_text())) == plan


def test_what_can_not_be_mended_is_left_and_said(somewhere):
    out = somewhere / "mended.json"
    code, said = answer("plan", "--repair", out, stdin=STUCK)
    assert (code, said["ok"], said["done"]) == (1, False, [])
    assert [p["kind"] for p in said["problems"]] == ["collision"]
    assert out.exists()
    assert "can be made for you" not in ask("plan", stdin=STUCK).out


def test_a_repaired_plan_on_standard_output_stands_there_alone():
    done = ask("plan", "--repair", "-", stdin=CLASH)
    assert done.code == 0
    assert [t["id"] for t in json.loads(done.out)["tasks"]] == ["a", "b", "c"]
    assert "mended: 1\n" in done.err
    again = ask("plan", stdin=done.out)
    assert (again.code, again.err) == (0, "")


def test_words_that_no_utf8_can_hold_survive_repair(somewhere):
    out = somewhere / "mended.json"
    text = json.dumps({**GOOD, "architecture": "é \ud800"})
    assert ask("plan", "--repair", out, stdin=text).code == 0
    assert json.loads(out.read_text())["architecture"] == "é \ud800"
    assert "é" in out.read_text()


def test_repair_needs_a_place_of_its_own(somewhere):
    assert ask("plan", "--repair", "x", "--jsonl", stdin="").code == 2
    assert ask("plan", "--repair", "-", "--json", stdin=GOOD).code == 2
    done = ask("plan", "--repair", somewhere / "no" / "x", stdin=GOOD)
    assert (done.code, "can't be written" in done.err) == (2, True)


# Money


def test_money_is_known_where_a_price_is(tmp_path, monkeypatch):
    def money(*args):
        return answer("plan", *args, stdin=GOOD)[1]["estimate"]["money"]

    assert money() is None
    priced = money("--model", "openai:gpt-5-mini")
    assert 0 < priced["low"] <= priced["high"]
    assert money("--model", "openai:unheard-of") is None
    assert money("--model", "openai:gpt-5-mini", "--model", "openai:unheard-of") is None
    (tmp_path / "config.toml").write_text(
        "[roles]\ncoder = ['mine']\n[models.mine]\nwire = 'openai'\nname = 'm'\n"
        "base_url = 'http://127.0.0.1:9/v1'\n"
    )
    assert money() == {"low": 0, "high": 0}
    (tmp_path / "config.toml").write_text("")
    monkeypatch.setenv("OPENAI_API_KEY", "fake")
    assert money() == priced
    assert ask("plan", "--model", "nonsense", stdin=GOOD).code == 2


# In words


def test_words_say_what_is_wrong_and_what_would_mend_it(somewhere):
    file = somewhere / "the plan.json"
    file.write_text(json.dumps(CLASH))
    done = piped("plan", file.name, cwd=somewhere)
    said = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (1, b"")
    assert said[:2] == [
        "1 problem in 3 tasks:",
        "  `a` and `b` may both write `app/s.py` at the same time.",
    ]
    assert said[2].startswith("      ")
    assert "wave 1: a, b, c" in said
    assert said[-1] == "1 mend can be made for you: partita check plan 'the plan.json' --repair OUT"
    assert any("is not in a git repository" in line for line in said)


def test_words_about_a_good_plan(somewhere):
    done = ask("plan", stdin=GOOD)
    said = done.out.splitlines()
    assert said[0] == "ok: 3 tasks in 2 waves"
    assert said[1:4] == ["wave 1: core, docs", "wave 2: web", "critical path: core -> web"]
    assert [line.split(":")[0] for line in said[4:8]] == ["calls", "tokens", "money", "time"]
    assert "not known" in said[6]
    done = ask("plan", "--model", "openai:gpt-5-mini", stdin=GOOD)
    assert "$" in done.out.splitlines()[6]
    out = somewhere / "out.json"
    done = ask("plan", "--repair", out, stdin=CLASH)
    assert done.out.splitlines()[0] == "mended: 1"
    assert done.out.splitlines()[-1] == f"saved as {out}"
    assert "can be made for you" not in done.out


def test_long_plans_fit_on_a_screen():
    names = [f"t{i}" for i in range(60)]
    chain = [task(n, n, needs=names[i - 1 : i]) for i, n in enumerate(names)]
    done = ask("plan", stdin={"name": "x", "tasks": chain})
    assert done.out.count("\n") < 40
    assert "t19 -> ... (60 in all)" in done.out
    done = ask("plan", stdin={"name": "x", "tasks": [task(n, "same") for n in names[:10]]})
    assert "  and 25 more: see --json\n" in done.out
