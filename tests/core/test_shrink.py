"""A prompt that is cut keeps its instructions, and what is quoted keeps head and tail."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.plan import Plan, Task
from partita.core.prompts import build as prompts
from partita.core.prompts.common import material, opening, section, user
from partita.core.question import Message, Question
from partita.core.shrink import KEPT, fitted, prompt_tokens, shrunk

MARK = re.compile(r"^\[(\d+) lines left out(; change this file by edits only)?\]$", re.MULTILINE)
PLAN = Plan(name="shop", tasks=(Task(id="core", objective="the core", touch=("a.py",)),))


def question(*parts, max_output=100, **more):
    messages = (opening(), user(*parts), *more.pop("then", ()))
    return Question(name="q", role="coder", messages=messages, max_output=max_output, **more)


def text(lines, word="line"):
    return "".join(f"{word} {n} with some words in it\n" for n in range(lines))


def numbers(body, word="line"):
    return [
        int(n) for n in re.findall(rf"^{word} (\d+) with some words in it$", body, re.MULTILINE)
    ]


def user_text(found):
    return found.messages[1].text


# Lines that could be taken for marks, tags or headings are texts like any other.
lines = st.sampled_from(
    [
        "x",
        "",
        "def f():",
        "# Wanted",
        "[3 lines left out]",
        "</material>",
        "ünïcode 日本",
        "a" * 300,
    ]
) | st.text(max_size=60)
bodies = st.lists(lines, max_size=120).map("\n".join)
labels = st.sampled_from(["a.py", "b/c.py", "test output", "diff", 'odd"name'])


@LAW
@given(st.lists(st.tuples(labels, bodies), max_size=5), st.integers(0, 4_000))
def test_what_is_not_quoted_stays_and_every_cut_is_smaller(quoted, target):
    fenced = [material(label, body) for label, body in quoted]
    mark = prompts.mark_part("ab12")
    asked = question(section("Files", "\n".join(fenced)), section("Wanted", "Mend it."), mark)
    found = shrunk(asked, target)
    assert shrunk(asked, target) == found
    if found is None:
        return
    assert prompt_tokens(found) < prompt_tokens(asked)
    assert found.messages[0] == asked.messages[0]
    assert user_text(found).endswith(f"# Wanted\nMend it.\n\n{mark}\n")
    assert user_text(found).count("</material>") == len(fenced)
    assert [m.role for m in found.messages] == [m.role for m in asked.messages]


@LAW
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.integers(1, 9))
def test_the_target_is_met_where_what_may_go_is_enough(sizes, tenths):
    fenced = [material(f"{n}.txt", text(size)) for n, size in enumerate(sizes)]
    asked = question(*fenced, "\nWhat is it?")
    size = prompt_tokens(asked)
    target = size * tenths // 10
    found = shrunk(asked, target)
    kept = prompt_tokens(question("\nWhat is it?")) + len(sizes) * (KEPT + 200) // 3
    if target > kept:
        assert found is not None
        assert prompt_tokens(found) <= target


def test_the_longest_is_cut_first_and_its_head_and_tail_stay():
    short, long = text(40, "short"), text(900, "long")
    asked = question(material("a", short), "\n", material("b", long), "\nWhat is it?")
    found = shrunk(asked, prompt_tokens(asked) - 2_000)
    assert numbers(user_text(found), "short") == list(range(40))
    left = numbers(user_text(found), "long")
    assert left[0] == 0
    assert left[-1] == 899
    assert [int(n) for n, _ in MARK.findall(user_text(found))] == [900 - len(left)]


def test_what_was_cut_twice_says_truly_how_much_is_gone():
    asked = question(material("b", text(900)), "\nWhat is it?")
    found = shrunk(shrunk(asked))
    [(count, _)] = MARK.findall(user_text(found))
    assert int(count) == 900 - len(numbers(user_text(found)))


def test_files_that_may_be_changed_come_last_and_are_not_to_be_sent_whole():
    own, others = {"a.py": text(500, "own")}, {"b.py": text(500, "other")}
    asked = Question(
        name="q",
        role="coder",
        messages=prompts.fix(PLAN, PLAN.tasks[0], own, others, text(500, "seen"), (), "ab12"),
        max_output=100,
    )
    size = prompt_tokens(asked)
    some = shrunk(asked, size - 3_000)
    assert numbers(user_text(some), "own") == list(range(500))
    assert len(numbers(user_text(some), "other")) < 500
    assert len(numbers(user_text(some), "seen")) < 500
    assert {note for _, note in MARK.findall(user_text(some))} == {""}
    most = shrunk(asked, size // 5)
    assert len(numbers(user_text(most), "own")) < 500
    notes = [note for _, note in MARK.findall(user_text(most))]
    assert notes == ["; change this file by edits only", "", ""]
    assert prompts.mark_part("ab12") in user_text(most)
    assert prompts.FIX in user_text(most)


@pytest.mark.parametrize("label", ["request", "the last lines"])
def test_what_is_asked_for_is_never_cut(label):
    assert shrunk(question(section("Request", material(label, text(900))))) is None


def test_answers_and_instructions_are_never_cut():
    said = Message(role="assistant", text=material("a", text(900)))
    system = Message(role="system", text=material("a", text(900)))
    asked = question("What is it?", text(900), then=(said, system))
    assert shrunk(asked) is None


def test_without_a_target_about_two_fifths_go():
    asked = question(material("b", text(2_000)), "\nWhat is it?")
    assert 0.55 < prompt_tokens(shrunk(asked)) / prompt_tokens(asked) < 0.61


def test_one_line_without_end_is_cut_too():
    asked = question(material("b", "x" * 50_000), "\nWhat is it?")
    assert prompt_tokens(shrunk(asked)) < prompt_tokens(asked) * 0.7


def test_only_what_does_not_fit_is_cut():
    asked = question(material("b", text(900)), "\nWhat is it?", max_output=500)
    size = prompt_tokens(asked)
    assert fitted(asked, context=size + 500 + 50, headroom=50) is None
    found = fitted(asked, context=size + 500 + 49, headroom=50)
    assert prompt_tokens(found) <= size - 1
    assert fitted(question("What is it?" * 99), context=200, headroom=0) is None


def test_the_schema_is_part_of_what_is_sent():
    schema = {"type": "object", "description": "x" * 3_000}
    assert prompt_tokens(question("Q", schema=schema)) > prompt_tokens(question("Q")) + 1_000
