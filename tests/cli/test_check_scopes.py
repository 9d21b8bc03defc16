"""`partita check scopes` and `partita check overlap`: verdicts, clashes, refusals."""

import io
import json
import sys

import pytest
from check_kit import answer, answers_to, ask, piped, said_by
from hypothesis import given, settings
from hypothesis import strategies as st

from partita.cli import check_scopes
from partita.core.clashes import Clash, Clashes
from partita.core.scope import matches

APART = {"tasks": {"T1": ["src/**"], "T2": ["docs/**", "README.md"]}}
KEYS = {"kind", "a", "b", "pattern_a", "pattern_b", "witness"}


def tasks(**scopes):
    return {"tasks": scopes}


def test_disjoint_tasks_are_good():
    assert answer("scopes", stdin=APART) == (0, {"disjoint": True, "clashes": []})
    assert answer("scopes", "-", stdin={"tasks": {}}) == (0, {"disjoint": True, "clashes": []})
    assert answer("scopes", stdin={**APART, "needs": None})[0] == 0


def test_an_overlap_names_the_patterns_and_a_path_of_both():
    code, said = answer("scopes", stdin=tasks(T1=["a.txt", "src/**"], T2=["src/auth/*.py"]))
    assert (code, said["disjoint"]) == (1, False)
    (clash,) = said["clashes"]
    assert set(clash) == KEYS
    witness = clash.pop("witness")
    assert clash == {
        "kind": "overlap",
        "a": "T1",
        "b": "T2",
        "pattern_a": "src/**",
        "pattern_b": "src/auth/*.py",
    }
    assert matches("src/**", witness)
    assert matches("src/auth/*.py", witness)


def test_a_collision_counts_and_a_hazard_does_not():
    code, said = answer("scopes", stdin=tasks(T1=["src/auth/login.py"], T2=["src/auth"]))
    assert (code, said["disjoint"]) == (1, False)
    assert [(c["kind"], c["witness"]) for c in said["clashes"]] == [("collision", "src/auth")]
    reader = {"touch": ["docs/**"], "read": ["src/*.py"]}
    code, said = answer("scopes", stdin=tasks(T1=["src/**"], T2=reader))
    assert (code, said["disjoint"]) == (0, True)
    assert [(c["kind"], c["a"], c["b"]) for c in said["clashes"]] == [("hazard", "T2", "T1")]
    assert said["clashes"][0]["pattern_a"] == "src/*.py"


def test_what_is_forbidden_is_not_touched():
    one = {"touch": ["src/**"], "forbid": ["src/auth/**"]}
    assert answer("scopes", stdin=tasks(T1=one, T2=["src/auth/*.py"]))[0] == 0
    assert answer("scopes", stdin=tasks(T1=one, T2=["src/*.py"]))[0] == 1


def test_ordered_tasks_are_not_compared():
    chain = {
        "tasks": {"T1": ["a"], "T2": ["b"], "T3": ["a"]},
        "needs": {"T3": ["T2", "T2"], "T2": ["T1"]},
    }
    assert answer("scopes", stdin=chain)[0] == 0
    chain["needs"]["T2"] = []
    assert answer("scopes", stdin=chain)[0] == 1
    fork = {"tasks": {"T1": ["x"], "T2": ["a"], "T3": ["a"]}, "needs": {"T2": ["T1"], "T3": ["T1"]}}
    assert answer("scopes", stdin=fork)[0] == 1
    reader = {"touch": ["x"], "read": ["a"]}
    assert answer("scopes", stdin={"tasks": {"T1": ["a"], "T2": reader}, "needs": {"T1": ["T2"]}})[
        1
    ] == {"disjoint": True, "clashes": []}


def test_blindness_is_an_option_and_here_names_count():
    case, forms = (
        tasks(T1=["README.md"], T2=["readme.md"]),
        tasks(T1=["caf\u00e9"], T2=["cafe\u0301"]),
    )
    assert answer("scopes", stdin=case)[0] == 0
    assert answer("scopes", "--case-blind", stdin=case)[0] == 1
    assert answer("scopes", "--case-sharp", "--form-blind", stdin=case)[0] == 0
    assert answer("scopes", stdin=forms)[0] == 0
    assert answer("scopes", "--form-blind", stdin=forms)[0] == 1
    assert answer("overlap", "README.md", "readme.md")[0] == 0
    assert answer("overlap", "README.md", "readme.md", "--case-blind")[0] == 1
    assert answer("overlap", "caf\u00e9", "cafe\u0301", "--form-blind")[0] == 1
    assert answer("overlap", "caf\u00e9", "cafe\u0301", "--case-blind")[0] == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("{\n  ,}", "line 2, column 3"),
        ("[]", "is a list; want a JSON object"),
        ("{}", "`tasks` is missing"),
        ('{"tasks": []}', "`tasks` is a list"),
        ('{"tasks": {"a": [], "a": []}}', "`a` is there twice"),
        ('{"tasks": {"a": "src/**"}}', "`a` is a string; want a list"),
        ('{"tasks": {"a": {}}}', "`a`: `touch` is missing"),
        ('{"tasks": {"a": {"touch": "x"}}}', "`touch` is a string"),
        ('{"tasks": {"a": {"touch": ["x"], "reads": []}}}', "did you mean `read`?"),
        ('{"tasks": {"a": [3]}}', "`a`: `touch` is a list with a number in it"),
        ('{"tasks": {"a": ["/x"]}}', "absolute"),
        ('{"tasks": {"a": ["a/../b"]}}', ".."),
        ('{"tasks": {"a": {"touch": [], "forbid": ["["]}}}', "`a`"),
        ('{"tasks": {"a": ["x"]}, "need": {}}', "did you mean `needs`?"),
        ('{"tasks": {"a": ["x"]}, "needs": ["a"]}', "`needs` is a list"),
        ('{"tasks": {"a": ["x"]}, "needs": {"a": "a"}}', "`needs` of `a` is a string; want a list"),
        ('{"tasks": {"a": ["x"]}, "needs": {"a": [1]}}', "a number in it"),
        ('{"tasks": {"a": ["x"]}, "needs": {"b": []}}', "`b`, which is no task"),
        ('{"tasks": {"a": ["x"]}, "needs": {"a": ["a"]}}', "`a` needs itself"),
        ('{"tasks": NaN}', "NaN"),
        ('{"tasks": ' + "[" * 100_000, "too deeply"),
        ('{"tasks": {"\\u001b[2J": 3}}', '"\\u001b[2J"'),
    ],
)
def test_input_that_can_not_be_used_is_refused_with_the_reason(text, why):
    done = ask("scopes", stdin=text)
    assert (done.code, done.out) == (2, "")
    assert why in done.err


def test_what_no_encoding_can_hold_is_refused_and_shown_all_the_same():
    text = '{"tasks": {"a": ["/\\ud800"]}}'
    done = ask("scopes", "--json", stdin=text)
    assert (done.code, "/\ud800" in json.loads(done.out)["error"]) == (2, True)
    done = ask("scopes", stdin=text)
    assert (done.code, "\\ud800" in done.err) == (2, True)
    done = ask("overlap", "\udcff*", "\udcffa")
    assert (done.code, done.out) == (1, "overlap: both match `\\udcffa`\n")


def test_everything_that_is_wrong_is_said_at_once():
    data = {
        "tasks": {"a": ["/x", "y"], "b": {"touch": [None]}, "c": 3},
        "needs": {"a": ["d", "e"], "f": ["a"]},
    }
    done = ask("scopes", "--json", stdin=data)
    said = json.loads(done.out)
    assert (done.code, said["exit"]) == (2, 2)
    for word in ("absolute", "`b`: `touch` is a list with null", "`c`", "`d`", "`e`", "`f`"):
        assert word in done.err
        assert word in said["error"]
    many = ask("scopes", stdin=tasks(**{f"t{i}": 3 for i in range(100)}))
    assert "and 80 more" in many.err
    assert many.err.count("\n") < 30


def test_other_keys_are_remarks():
    data = {"id": 7, "comment": "x", "tasks": {"a": {"touch": ["x"], "objective": "y"}}}
    assert answer("scopes", stdin=data)[0] == 0


def test_a_cycle_is_named_and_unusable():
    data = {
        "tasks": {"a": ["x"], "b": ["y"], "c": ["z"], "d": ["w"]},
        "needs": {"a": ["d", "b"], "b": ["c"], "c": ["a"]},
    }
    done = ask("scopes", stdin=data)
    assert done.code == 2
    ring = "`a`, which needs `b`, which needs `c`, which needs `a`"
    turns = (ring, ring.replace("`a`, which needs ", "", 1) + ", which needs `b`")
    assert any(
        turn in done.err for turn in (*turns, "`c`, which needs `a`, which needs `b`, which")
    )
    pair = {"tasks": {"a": ["x"], "b": ["y"]}, "needs": {"a": ["b"], "b": ["a"]}}
    assert "tasks need each other: `" in ask("scopes", stdin=pair).err
    ring = {str(i): [f"f{i}"] for i in range(500)}
    done = ask(
        "scopes", stdin={"tasks": ring, "needs": {i: [str((int(i) + 1) % 500)] for i in ring}}
    )
    assert (done.code, "500 tasks need each other" in done.err) == (2, True)


def test_too_many_tasks_are_refused(monkeypatch):
    monkeypatch.setattr(check_scopes, "TASKS", 2)
    assert ask("scopes", stdin=tasks(a=["a"], b=["b"])).code == 0
    done = ask("scopes", stdin=tasks(a=["a"], b=["b"], c=["c"]))
    assert (done.code, "2 are the most" in done.err) == (2, True)


def test_lines_carry_their_id_and_the_worst_decides():
    apart, clash = {"id": "x", **APART}, {"id": [1], **tasks(T1=["a"], T2=["a"])}
    code, said = answers_to("scopes", lines=[apart, clash])
    assert code == 1
    assert [(s["id"], s["disjoint"]) for s in said] == [("x", True), ([1], False)]
    code, said = answers_to("scopes", lines=[apart, {"id": 3}, "{", clash])
    assert code == 2
    assert [s["id"] for s in said] == ["x", 3, None, [1]]
    assert ["error" in s for s in said] == [False, True, True, False]


def found(monkeypatch, *answers):
    """`clashes` as it answers one call after the other; what it was called with."""
    calls, left = [], list(answers)

    def clashes(scopes, **_):
        calls.append(scopes)
        return left.pop(0)

    monkeypatch.setattr("partita.core.clashes.clashes", clashes)
    return calls


def clash(kind):
    return Clash(kind=kind, a="T1", b="T2", pattern_a="a", pattern_b="a", witness="a")


def test_what_can_not_be_compared_is_no_verdict(monkeypatch):
    unsure = (("T1", "T2", "too intricate"),)
    found(monkeypatch, Clashes(found=(clash("hazard"),), unsure=unsure, cut=False))
    code, said = answer("scopes", stdin=APART)
    assert (code, said["disjoint"]) == (2, False)
    assert said["unsure"] == [{"a": "T1", "b": "T2", "why": "too intricate"}]
    found(monkeypatch, Clashes(found=(clash("overlap"),), unsure=unsure, cut=False))
    assert answer("scopes", stdin=APART)[0] == 1  # the verdict stands, whatever the others are
    found(monkeypatch, Clashes(found=(), unsure=unsure, cut=False))
    done = ask("scopes", stdin=APART)
    assert done.out.startswith("undecided: 2 tasks\n")
    assert "not compared: 1 pair\n  T1 and T2: too intricate\n" in done.out


def test_an_intricate_hazard_leaves_the_verdict(monkeypatch):
    unsure = (("T1", "T2", "too intricate"),)
    sure, not_sure = (Clashes(found=(), unsure=u, cut=False) for u in ((), unsure))
    data = tasks(T1={"touch": ["a"], "read": ["b"]}, T2=["b"])
    found(monkeypatch, not_sure, sure)
    code, said = answer("scopes", stdin=data)
    assert (code, said["disjoint"], len(said["unsure"])) == (0, True, 1)
    found(monkeypatch, not_sure, not_sure)
    assert answer("scopes", stdin=data)[0] == 2


def test_hazards_leave_room_for_what_matters_more(monkeypatch):
    cut = Clashes(found=(clash("hazard"),), unsure=(), cut=True)
    reader = {"touch": ["a"], "read": ["b"], "forbid": ["c"]}
    calls = found(monkeypatch, cut, Clashes(found=(clash("overlap"),), unsure=(), cut=False))
    code, said = answer("scopes", stdin=tasks(T1=reader))
    assert (code, [c["kind"] for c in said["clashes"]]) == (1, ["overlap"])
    assert calls[1]["T1"].read == ()
    assert (calls[1]["T1"].touch, calls[1]["T1"].forbid) == (("a",), ("c",))
    calls = found(monkeypatch, cut, Clashes(found=(), unsure=(), cut=False))
    code, said = answer("scopes", stdin=tasks(T1=reader))
    assert (code, said["disjoint"], said["cut"]) == (0, True, True)
    assert [c["kind"] for c in said["clashes"]] == ["hazard"]
    calls = found(monkeypatch, Clashes(found=(clash("collision"),), unsure=(), cut=True))
    code, said = answer("scopes", stdin=tasks(T1=reader))
    assert (code, said["cut"], len(calls)) == (1, True, 1)


NAMES = st.sampled_from(["T1", "T2", "T3"])
PATTERNS = st.lists(
    st.sampled_from(["a", "a/**", "a/b", "*", "b/*", "{a,b}/c", "**/c"]), max_size=3
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(NAMES, PATTERNS))
def test_clashes_are_what_two_patterns_at_a_time_say(scopes):
    code, said = answer("scopes", stdin={"tasks": scopes})
    expected = {
        (kind, a, b)
        for i, a in enumerate(scopes)
        for b in list(scopes)[i + 1 :]
        for p in scopes[a]
        for q in scopes[b]
        for kind, there in pair(p, q)
        if there
    }
    assert {(c["kind"], c["a"], c["b"]) for c in said["clashes"]} == expected
    assert (code, said["disjoint"]) == (int(bool(expected)), not expected)


def pair(p, q):
    said = answer("overlap", p, q)[1]
    return (("overlap", said["overlap"]), ("collision", said["collision"]))


# Two patterns


def test_two_patterns_overlap_or_not():
    assert answer("overlap", "src/*.py", "docs/**") == (
        0,
        {"overlap": False, "witness": None, "collision": None},
    )
    code, said = answer("overlap", "src/**", "src/auth/*.py")
    assert (code, said["overlap"], said["collision"]) == (1, True, None)
    assert matches("src/auth/*.py", said["witness"])
    code, said = answer("overlap", "src/auth", "src/auth/login.py")
    assert (code, said["overlap"], said["witness"]) == (1, False, None)
    assert said["collision"] == {
        "pattern_a": "src/auth",
        "pattern_b": "src/auth/login.py",
        "witness": "src/auth",
    }
    assert answer("overlap", "src/*", "src/auth/login.py")[0] == 0
    said = answer("overlap", "src/auth/login.py", "src/auth")[1]
    assert said["collision"]["pattern_a"] == "src/auth/login.py"


@pytest.mark.parametrize("pattern", ["/x", "a/../b", "", "[", "a\0b", "!x"])
def test_a_pattern_that_can_not_be_used_is_unusable(pattern):
    for both in ((pattern, "a"), ("a", pattern)):
        done = ask("overlap", *both)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("partita: ")
    assert ask("overlap", "a").code == 2


def test_a_hostile_pattern_ends():
    done = ask("overlap", "**/**/*a*b*c*d*e/**/f", "**/{a,b,c}*{d,e,f}*{a,b,c}/**/*f", "--json")
    assert done.code in (0, 1, 2)


# In words, behind pipes


def test_words_say_what_clashes_where_and_what_to_do(tmp_path):
    data = {
        "tasks": {
            "T1": ["src/a.py"],
            "T2": ["src/*.py", "lib"],
            "T3": {"touch": ["lib/x"], "read": ["src/a.py"]},
        }
    }
    done = piped("scopes", stdin=json.dumps(data).encode(), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"")
    said = done.stdout.decode().splitlines()
    assert said[0] == "not disjoint: 4 clashes between 3 tasks"
    assert "  overlap: T1 and T2 may both write `src/a.py` (`src/a.py` and `src/*.py`)" in said
    assert (
        "  hazard: T3 reads `src/a.py`, which T1 may be writing (`src/a.py` and `src/a.py`)" in said
    )
    assert (
        "  collision: `lib` is a file for one of T2 and T3, a folder for the other "
        "(`lib` and `lib/x`)" in said
    )
    assert [line.split(":")[0] for line in said[5:]].count("hazard") == 1
    done = piped("scopes", stdin=json.dumps(APART).encode(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"disjoint: 2 tasks\n")
    reader = {"touch": ["z"], "read": ["src/a.py"]}
    done = ask("scopes", stdin=tasks(T1=["src/**"], T2=reader))
    assert done.out.startswith("disjoint: 2 tasks, but 1 hazard:\n  hazard: T2 reads `src/a.py`")
    done = piped("overlap", "a/*", "a/b", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, b"overlap: both match `a/b`\n")
    done = piped("overlap", "a", "a/b", cwd=tmp_path)
    assert done.stdout == b"collision: `a` is a file for one and a folder for the other\n"
    done = piped("overlap", "a", "b", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"disjoint: no path matches both\n")


def test_many_clashes_fit_on_a_screen():
    done = ask("scopes", stdin=tasks(**{f"T{i}": ["a"] for i in range(10)}))
    assert done.out.startswith("not disjoint: 45 clashes")
    assert "  and 25 more: see --json\n" in done.out
    assert done.out.count("\n") == 23


def test_nothing_is_made_where_it_is_asked(tmp_path):
    (tmp_path / "Some").touch()
    done = piped("scopes", "--json", stdin=json.dumps(APART).encode(), cwd=tmp_path)
    assert done.returncode == 0
    assert [p.name for p in tmp_path.iterdir()] == ["Some"]


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


def test_nothing_at_a_terminal_is_no_input(monkeypatch):
    for stream in (None, Terminal(io.BytesIO(b'{"tasks": {}}'))):
        monkeypatch.setattr(sys, "stdin", stream)
        done = said_by("scopes")
        assert (done.code, "nothing to check" in done.err) == (2, True)
        assert "name a FILE" in done.err
    monkeypatch.setattr(sys, "stdin", Terminal(io.BytesIO(b'{"tasks": {}}')))
    assert said_by("scopes", "-").code == 0
    monkeypatch.setattr(sys, "stdin", None)
    assert said_by("scopes", "-").code == 2


def test_a_missing_file_and_nothing_at_all_are_unusable(tmp_path):
    assert ask("scopes", tmp_path / "none.json").code == 2
    assert ask("scopes", tmp_path).code == 2
    assert ask("scopes", stdin=b'{"tasks": {"\xff": []}}').code == 2


def test_a_number_without_end_costs_its_line_only():
    bad = '{"id": 1e999, "tasks": {}}'
    code, (first, second) = answers_to("scopes", lines=[bad, {"id": 2, **APART}])
    assert (code, first["id"]) == (2, None)
    assert "`1e999` is too large" in first["error"]
    assert second == {"id": 2, "disjoint": True, "clashes": []}
