"""Evidence is the same on every machine, bounded, and still says what failed."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.evidence import evidence, files_of, normalise, shorten
from partita.core.verdict import Case, TestRun

UUID = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
ROOTS = ("/w", "/home/ann/my project")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('File "/w/app/x.py", line 3', 'File "app/x.py", line 3'),
        ('File "/home/ann/my project/x.py", line 3', 'File "x.py", line 3'),
        ("cwd is /w.", "cwd is /w."),
        ("cwd is /w now", "cwd is . now"),
        ("/w/ and /www and /a/w/b", ". and /www and /a/w/b"),
        (
            'File "/opt/e/lib/python3.11/site-packages/fastapi/x.py", line 12, in get',
            'File "<env>/fastapi/x.py", in get',
        ),
        (
            '  File "/usr/lib/python3.13/json/decoder.py", line 355, in raw',
            '  File "<python>/json/decoder.py", in raw',
        ),
        ("../../usr/lib/python3.11/a.py:3: in f", "<python>/a.py: in f"),
        ('  File "<frozen importlib._bootstrap>", line 1204, in _gcd_import\nx', "x"),
        ("<A object at 0x7f00aa11bb22>", "<A object at 0x..>"),
        ("colour 0xFF00FF", "colour 0xFF00FF"),
        ("1 failed, 2 passed in 0.03s", "1 failed, 2 passed in <time>"),
        ("1 passed in 61.02s (0:01:01)", "1 passed in <time>"),
        ("Ran 3 tests in 0.001s", "Ran 3 tests in <time>"),
        ("platform linux -- Python 3.11.7, pytest-9\nrootdir: /w\nx", "x"),
        ("    return a / b\n           ~~^~~\nE     ^^^\nx", "    return a / b\nx"),
        ("~~~~~\n", "~~~~~\n"),
        ("/tmp/pytest-of-ann/pytest-12/test_x0/f", "<tmp>/test_x0/f"),
        ("/tmp/tmpab12_cd9/f", "<tmp>/f"),
        ("http://127.0.0.1:43211/x", "http://127.0.0.1:<port>/x"),
        ("('127.0.0.1', 43211)", "('127.0.0.1', <port>)"),
        ("http://localhost:8080/", "http://localhost:8080/"),
        ('127.0.0.1 - - [20/Nov/2026 10:11:12] "GET', '127.0.0.1 - - [<time>] "GET'),
        ("at 2026-11-20T10:11:12.123456+00:00 on 2026-11-20", "at <time> on <time>"),
        ("due 2024-02-29T00:00:00", "due 2024-02-29T00:00:00"),
        ("\x1b[31mred\x1b[0m\r\n", "red\n"),
        (
            f"{UUID} {UUID} 16fd2706-8baf-433b-82eb-8c7fada847da",
            "<uuid 1> <uuid 1> <uuid 2>",
        ),
    ],
)
def test_what_differs_between_machines_is_taken_out(text, same):
    assert normalise(text, roots=ROOTS, today=("2026-11-20",)) == same


PIECES = (" /w/", "(/w)", "/", "x.py", ":3: ", "\n", " ", "E ", "^", "~", "..", "at ", "<env>")
CHANGING = ("in 0.1s", "127.0.0.1:", "43211", "0x7f00aa11bb22")
LIBRARY = ("/lib/python3.11", "/site-packages/", 'File "')
pieces = st.lists(st.sampled_from(PIECES + CHANGING + LIBRARY), max_size=40).map("".join)


@given(pieces)
def test_evidence_of_two_roots_is_one(text):
    here, there = text.replace("/w", "/r/one"), text.replace("/w", "/r/other-place")
    assert "/r/one" not in normalise(here, roots=["/r/one"])
    assert normalise(here, roots=["/r/one"]) == normalise(there, roots=["/r/other-place"])


@pytest.mark.parametrize(
    "unit",
    [
        "/",
        "(/",
        "^",
        "^x",
        "0x7",
        "127.0.0.1:",
        "a/b.py",
        'File "',
        "E ",
        "in 1",
        "[1",
        "\x1b[",
        "-",
    ],
)
@pytest.mark.parametrize("end", ["", "\n!"])
def test_no_text_takes_long(unit, end):
    text = (unit * (500_000 // len(unit))) + end
    began = time.process_time()
    files_of(normalise(text, roots=("/w",)))
    assert time.process_time() - began < 5


def test_files_are_listed_deepest_first_and_only_the_repositorys_own():
    text = (
        "Traceback (most recent call last):\n"
        '  File "tests/test_a.py", line 3, in test\n'
        '  File "app/api.py", line 9, in get\n'
        '  File "<env>/fastapi/x.py", in call\n'
        '  File "<string>", line 1, in f\n'
        '  File "app/store.py", line 2, in load\n'
        '  File "app/api.py", line 5, in again\n'
    )
    assert files_of(text) == ("app/api.py", "app/store.py", "tests/test_a.py")
    assert files_of("tests/test_a.py:3: in test_x\n    f()\napp/x.py:9: ValueError\n") == (
        "app/x.py",
        "tests/test_a.py",
    )
    name = "E   ImportError: cannot import name 'load' from 'app.store' (app/store.py)"
    assert files_of(f"tests/test_a.py:1: in <module>\n{name}") == (
        "app/store.py",
        "tests/test_a.py",
    )


@given(st.text(max_size=400), st.integers(-5, 300))
def test_shortening_keeps_to_its_limit_and_leaves_short_text_alone(text, limit):
    short = shorten(text, limit)
    assert len(short) <= max(limit, 0)
    if len(text) <= limit:
        assert short == text


@pytest.mark.parametrize("at", [0, 500, 2500, 4900])
def test_shortening_keeps_the_head_the_assertion_and_the_tail(at):
    lines = [f"line {i}" for i in range(5000)]
    lines[at] = "E   assert 1 == 2"
    short = shorten("\n".join(lines), 1000)
    assert "E   assert 1 == 2" in short
    assert short.startswith("line 0") or at == 0
    assert short.endswith("line 4999")
    assert "left out" in short


def case(n: int, message: str, outcome: str = "failed") -> Case:
    return Case(name=f"t::{n}", outcome=outcome, message=message, detail=f"trace {n}\nE {message}")


RUN = TestRun(command="pytest", exit=1, reason="exited", output="the output")


def test_a_model_sees_different_failures_before_repeated_ones_and_errors_first():
    same = tuple(case(n, "same") for n in range(10))
    run = replace(RUN, cases=(*same, case(10, "other"), case(11, "crash", "error")))
    shown = evidence(run, 5000)
    assert shown.index("ERROR t::11") < shown.index("FAILED t::0") < shown.index("FAILED t::10")
    assert "trace 10" in shown
    assert "Also failing (7): t::3" in shown


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (replace(RUN, exit=None, reason="timeout"), "longer than allowed"),
        (replace(RUN, exit=0, report=False), "no test report"),
        (replace(RUN, exit=5), "no test was run"),
        (replace(RUN, exit=3, cases=(Case(name="a", outcome="passed"),)), "exit code 3"),
    ],
)
def test_without_failing_tests_the_reason_and_the_output_are_shown(run, words):
    shown = evidence(run, 2000)
    assert words in shown
    assert shown.endswith("the output")


@given(st.integers(-3, 700), st.integers(0, 9), st.text(max_size=300))
def test_evidence_keeps_to_its_limit(limit, count, text):
    run = replace(RUN, output=text, cases=tuple(case(n, text) for n in range(count)))
    assert len(evidence(run, limit)) <= max(limit, 0)
