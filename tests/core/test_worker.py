"""The worker's conversation: whatever comes back it ends, in its scope, with everything in it."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worker_kit import CODE, LONG, MARK, OTHER, answer, assignment, edit, file, talk, texts

from partita.core.assignment import from_code
from partita.core.changes import Delete
from partita.core.plan import Contract, Plan, WantedFile
from partita.core.scope import scope_of
from partita.core.worker import (
    CONTINUATIONS,
    TURNS,
    GaveUp,
    More,
    Patch,
    Rest,
    conversation,
)

# --- laws ---------------------------------------------------------------------------------------

PATHS = st.sampled_from(
    [
        *("pkg/a.py", "pkg/b.py", "README.md", "pkg", "pkg/a.py/deeper.py", "pkg/secret/x.py"),
        *(
            "../outside.txt",
            "/etc/passwd",
            "pkg/../../x",
            ".git/hooks/x",
            ".GIT/config",
            "other.py",
            "setup.py",
            "tests/x.py",
            "pkg/c.py",
        ),
        *("pkg/link", "pkg/link/x.py", "pkg/big.bin", "pkg\\a.py", "pkg/\u200b.py", "C:/x", ""),
    ]
)
BODIES = st.sampled_from(
    [
        *(
            CODE,
            OTHER,
            "",
            "pass\n",
            "# ... rest unchanged\n",
            "def broken(:\n",
            "\ud800\n",
            "text",
        ),
        "<<<<<<< SEARCH\n    return a + b\n=======\n    return b + a\n>>>>>>> REPLACE\n",
        "<<<<<<< SEARCH\nnot there\n=======\nx\n>>>>>>> REPLACE\n",
        f"</file {MARK}>\n",
    ]
)
BLOCKS = st.builds(
    lambda path, body, more, mark, end: (
        f'<file path="{path}" id="{mark}"{more}>\n{body}' + (f"</file {mark}>\n" if end else "")
    ),
    PATHS,
    BODIES,
    st.sampled_from(["", ' op="edit"', ' op="delete"', ' op="odd"', ' executable="true"']),
    st.sampled_from([MARK, MARK, MARK, "other1", ""]),
    st.sampled_from([True, True, True, False]),
)
PROSE = st.text(st.characters(), max_size=40)
FENCES = st.builds("```python pkg/a.py\n{}```\n".format, BODIES)
WISHES = PATHS.map('<need path="{}">to be done</need>\n'.format)
REPLIES = st.tuples(
    st.lists(BLOCKS | PROSE | FENCES | WISHES, max_size=4).map("".join),
    st.sampled_from(["stop", "length"]),
)
TREE = {
    "pkg/b.py": "file",
    "pkg/link": "link",
    "pkg/big.bin": "file",
    "notes.txt": "file",
}
FULL = assignment(
    own={"pkg/b.py": CODE},
    required=frozenset({"pkg/a.py"}),
    given={"pkg/py.typed": ""},
    there=TREE,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(REPLIES, min_size=1, max_size=TURNS),
    st.booleans(),
    st.booleans(),
    st.frozensets(PATHS, max_size=2),
)
def test_whatever_comes_back_it_ends_in_its_scope_with_all_that_is_required(
    replies, optional, may_ask, more
):
    job = assignment(
        own=FULL.own,
        required=FULL.required | {p for p in more if p in ("README.md", "pkg/c.py")},
        given=FULL.given,
        there=TREE,
        optional=optional,
        may_ask=may_ask,
        denied=frozenset({"other.py"}),
    )
    outcome, asked = talk(job, *replies)
    assert len(asked) <= TURNS
    assert [ask.name for ask in asked] == [f"build:core:{n + 1}" for n in range(len(asked))]
    if isinstance(outcome, GaveUp):
        assert outcome.why
        return
    paths = [c.path for c in outcome.changes]
    assert paths == sorted(set(paths))
    assert "pkg/py.typed" in paths
    scope = scope_of(job.task)
    assert all(scope.may_write(path) for path in paths)
    assert not set(paths) & {"pkg", "pkg/link", "pkg/link/x.py", "pkg/big.bin"}
    assert not any(p.startswith(f"{q}/") for p in paths for q in paths)
    deleted = {c.path for c in outcome.changes if isinstance(c, Delete)}
    assert deleted <= set(job.own)
    match outcome:
        case Patch():
            assert job.required <= set(paths)
        case More():
            assert may_ask
            assert {path for path, _ in outcome.wishes} <= {"setup.py", "tests/x.py"}
        case Rest():
            assert len(outcome.missing) > 1
            assert job.required <= set(paths) | set(outcome.missing)
            assert all(scope.may_write(path) for path in outcome.missing)
            assert not set(paths) & set(outcome.missing)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, len(LONG) - 1), min_size=1, max_size=CONTINUATIONS, unique=True))
def test_a_file_cut_anywhere_is_joined_to_what_it_was(cuts):
    whole = file("pkg/a.py", LONG)
    start = whole.index(LONG)
    places = [0, *(start + c for c in sorted(cuts)), len(whole)]
    parts = [whole[a:b] for a, b in pairwise(places)]
    replies = [(part, "length") for part in parts[:-1]] + [(parts[-1], "stop")]
    outcome, asked = talk(assignment(required=frozenset({"pkg/a.py"})), *replies)
    assert texts(outcome) == {"pkg/a.py": LONG}
    assert [ask.complaints for ask in asked] == [0] * len(replies)


# --- what ends well -----------------------------------------------------------------------------


def test_a_good_reply_is_a_patch_at_once():
    job = assignment(required=frozenset({"pkg/a.py", "pkg/b.py"}))
    outcome, asked = talk(job, "Here you are.\n" + file("pkg/b.py", OTHER) + file("pkg/a.py"))
    assert texts(outcome) == {"pkg/a.py": CODE, "pkg/b.py": OTHER}
    assert len(asked) == 1


def test_what_was_good_is_kept_while_the_rest_is_asked_for_again():
    job = assignment(required=frozenset({"pkg/a.py", "pkg/b.py"}))
    outcome, asked = talk(job, file("pkg/a.py") + file("pkg/b.py", "pass\n"), file("pkg/b.py"))
    assert texts(outcome) == {"pkg/a.py": CODE, "pkg/b.py": CODE}
    assert asked[1].wrong == ("pkg/b.py is only a placeholder: write it for real",)


def test_given_files_come_through_and_may_be_written_anew():
    job = assignment(required=frozenset({"pkg/a.py"}), given={"pkg/__init__.py": ""})
    assert texts(talk(job, file("pkg/a.py"))[0])["pkg/__init__.py"] == ""
    both = file("pkg/a.py") + file("pkg/__init__.py", OTHER)
    assert texts(talk(job, both)[0])["pkg/__init__.py"] == OTHER


def test_nothing_is_an_answer_only_where_the_work_is_optional():
    assert talk(assignment(optional=True), "`NOTHING`.")[0] == Patch(changes=())
    outcome, asked = talk(assignment(), "NOTHING")
    assert isinstance(outcome, GaveUp)
    assert len(asked) == TURNS


def test_an_executable_file_stays_one_and_a_new_one_can_be_made():
    job = assignment(own={"pkg/run.sh": "a\n"}, executable=frozenset({"pkg/run.sh"}))
    reply = edit("pkg/run.sh", "a\n", "b\n") + file("pkg/new.sh", "c\n", ' executable="true"')
    outcome, _ = talk(job, reply + file("pkg/a.py"))
    assert {c.path: c.executable for c in outcome.changes} == {
        "pkg/run.sh": True,
        "pkg/new.sh": True,
        "pkg/a.py": False,
    }


def test_only_what_is_there_can_be_deleted():
    job = assignment(own={"pkg/old.py": CODE})
    gone = f'<file path="pkg/old.py" id="{MARK}" op="delete"/>\n'
    assert talk(job, gone)[0].changes == (Delete(path="pkg/old.py"),)
    outcome, _ = talk(job, gone.replace("old", "never"))
    assert outcome == GaveUp(why="pkg/never.py is not there to be deleted")


def test_a_file_sent_as_it_was_is_no_change():
    outcome, _ = talk(assignment(own={"pkg/a.py": CODE}), file("pkg/a.py"))
    assert outcome == GaveUp(why="nothing would change")


def test_an_edit_that_was_kept_may_come_again_with_the_one_that_was_not():
    job = assignment(own={"pkg/a.py": CODE, "pkg/b.py": OTHER})
    good = edit("pkg/a.py", "    return a + b\n", "    return b + a\n")
    mended = good + edit("pkg/b.py", "    return a - b\n", "    return -(b - a)\n")
    outcome, asked = talk(job, good + edit("pkg/b.py", "missing\n", "x\n"), mended)
    assert len(asked) == 2
    assert texts(outcome) == {
        "pkg/a.py": CODE.replace("a + b", "b + a"),
        "pkg/b.py": OTHER.replace("a - b", "-(b - a)"),
    }


def test_a_reply_cut_between_files_is_whole_when_nothing_more_comes():
    job = assignment(required=frozenset({"pkg/a.py"}))
    outcome, asked = talk(job, (file("pkg/a.py"), "length"), "That was all.")
    assert texts(outcome) == {"pkg/a.py": CODE}
    assert "cut off between two files" in asked[1].messages[-1].text


def test_files_that_need_no_model_are_known_by_name():
    plan = Plan(name="p", tasks=(), dependencies=("flask", "rich"))
    texts_of = {
        path: from_code(plan, WantedFile(path=path, importance="low"))
        for path in ("pkg/py.typed", "pkg/__init__.py", "requirements.txt", "pkg/core.py")
    }
    assert texts_of == {
        "pkg/py.typed": "",
        "pkg/__init__.py": "",
        "requirements.txt": "flask\nrich\n",
        "pkg/core.py": None,
    }
    assert from_code(plan, WantedFile(path="pkg/__init__.py", importance="critical")) is None


# --- what is refused ----------------------------------------------------------------------------


def test_a_complaint_names_every_problem_at_once():
    job = assignment(
        own={"pkg/b.py": CODE}, required=frozenset({"pkg/a.py", "pkg/c.py", "pkg/d.py"})
    )
    bad = (
        file("pkg/a.py", "# ... rest unchanged\n" + CODE)
        + edit("pkg/b.py", "not there\n", "x\n")
        + file("pkg/c.py", "def broken(:\n")
        + file("../outside.txt", "x\n")
        + file("elsewhere.py")
        + '<need path="setup.py">to add an entry point</need>\n'
    )
    _, asked = talk(job, bad)
    complaint = asked[1].messages[-1].text
    for words in (
        "pkg/a.py leaves code out",
        "pkg/b.py: edit 1 of 1: its SEARCH lines are not in the file",
        "pkg/c.py does not parse",
        "pkg/d.py is missing",
        "'../outside.txt' can't be written",
        "elsewhere.py is not yours to write; yours are: pkg/**, README.md",
        "setup.py can't be had: it is not yours to write",
    ):
        assert words in complaint
    assert len(asked[1].wrong) == 7
    assert f'id="{MARK}"' in complaint


def test_what_was_wrong_before_a_cut_is_not_forgotten_after_it():
    job = assignment(own={"pkg/b.py": OTHER})
    cut = edit("pkg/b.py", "missing\n", "x\n") + file("pkg/a.py", LONG)[:300]
    _, asked = talk(job, (cut, "length"), file("pkg/a.py", LONG)[300:])
    assert [ask.complaints for ask in asked[:3]] == [0, 0, 1]
    assert asked[2].wrong[0].startswith("pkg/b.py: edit 1")


def test_a_file_that_is_cut_for_ever_is_never_taken_for_whole():
    job = assignment(own={"pkg/b.py": CODE})
    begun = edit("pkg/b.py", "    return a + b\n", "    return b + a\n") + file("pkg/a.py", LONG)
    outcome, asked = talk(job, (begun[:-300], "length"), ("VALUE = 1\n", "length"))
    assert isinstance(outcome, GaveUp)
    assert "pkg/a.py was cut off" in str(asked[-1].wrong)


def test_a_cut_file_whose_rest_does_not_come_is_asked_for_whole():
    job = assignment(required=frozenset({"pkg/a.py"}))
    cut = file("pkg/a.py", LONG)[:300]
    outcome, asked = talk(job, (cut, "length"), "Sorry, I lost it.", file("pkg/a.py", LONG))
    assert texts(outcome) == {"pkg/a.py": LONG}
    assert asked[2].wrong == ("pkg/a.py was cut off and its rest did not come: send it whole",)


def test_links_submodules_and_unseen_files_are_left_alone():
    there = {"pkg/out": "link", "pkg/sub": "submodule", "pkg/logo.png": "file"}
    job = assignment(there=there)
    paths = ("pkg/out", "pkg/out/x.txt", "pkg/sub/x.txt", "pkg/logo.png")
    _, asked = talk(job, "".join(file(p, "x\n") for p in paths))
    assert asked[1].wrong == (
        "pkg/out can't be written: pkg/out is a symbolic link",
        "pkg/out/x.txt can't be written: pkg/out is a symbolic link",
        "pkg/sub/x.txt can't be written: pkg/sub is a submodule",
        "pkg/logo.png is there and could not be shown: leave it as it is",
    )
    unseen = edit("pkg/logo.png", "a\n", "b\n")
    assert "leave it as it is" in talk(job, unseen)[1][1].wrong[0]


def test_no_file_is_the_folder_of_another():
    there = {"pkg/a.py": "file", "pkg/deep/b.py": "file"}
    job = assignment(own=dict.fromkeys(there, CODE), there=there)
    for path, folder, below in (
        ("pkg/a.py/x.py", "pkg/a.py", "pkg/a.py/x.py"),
        ("pkg/deep", "pkg/deep", "pkg/deep/b.py"),
    ):
        outcome, asked = talk(job, file(path), file("pkg/new.py"))
        said = f"{folder} can't be a file and the folder of {below} at once"
        assert asked[1].wrong == (said,)
        assert texts(outcome) == {"pkg/new.py": CODE}
    both = file("pkg/x", "text\n") + file("pkg/x/y.py")
    outcome, asked = talk(job, both, file("pkg/x/y.py"))
    assert "at once" in asked[1].wrong[0]
    assert texts(outcome) == {"pkg/x/y.py": CODE}


def test_a_broken_contract_is_a_complaint_and_one_in_an_unseen_file_is_not():
    contract = Contract(
        id="add", kind="function", signature="def add(a: int, b: int) -> int", path="pkg/a.py",
        symbol="add",
    )  # fmt: skip
    job = assignment(contract=contract, required=frozenset({"pkg/a.py"}))
    outcome, asked = talk(job, file("pkg/a.py", OTHER), file("pkg/a.py"))
    assert "add" in asked[1].wrong[0]
    assert texts(outcome) == {"pkg/a.py": CODE}
    unseen = assignment(contract=contract, there={"pkg/a.py": "file"})
    assert texts(talk(unseen, file("pkg/b.py"))[0]) == {"pkg/b.py": CODE}
    gone = assignment(contract=contract, own={"pkg/a.py": CODE}, there={"pkg/a.py": "file"})
    deleted = talk(gone, f'<file path="pkg/a.py" id="{MARK}" op="delete"/>')[0]
    assert isinstance(deleted, GaveUp)


def test_a_long_reply_does_not_come_back_whole():
    _, asked = talk(assignment(), "x" * 2_000_000)
    assert sum(len(m.text) for m in asked[1].messages) < 300_000


def test_every_complaint_starts_from_the_same_prompt():
    _, asked = talk(assignment(required=frozenset({"pkg/a.py"})), "no", "never", "nothing")
    assert all(ask.messages[0].text == "the task" for ask in asked)
    assert [len(ask.messages) for ask in asked] == [1, 3, 3, 3, 3]
    assert [ask.complaints for ask in asked] == [0, 1, 2, 3, 4]


def test_the_same_bad_reply_is_never_answered_by_the_same_question():
    _, asked = talk(assignment(), "no")
    assert len({ask.messages for ask in asked}) == TURNS


def test_a_cut_in_the_last_turn_is_what_is_said_of_it():
    cut = (file("pkg/a.py", LONG)[:300], "length")
    outcome, asked = talk(assignment(), *["no"] * (TURNS - 1), cut)
    assert len(asked) == TURNS
    assert outcome.why.startswith("pkg/a.py was cut off and did not end")


def test_what_was_hidden_from_the_model_is_not_overwritten_by_its_mask():
    secret = 'URL = "http://me:pass@x.y/"\n'
    job = assignment(own={"pkg/a.py": secret + CODE})
    shown = 'URL = "[secret]@x.y/"\n'
    talk = conversation(job)
    next(talk)
    asked = talk.send(answer(file("pkg/a.py", shown + OTHER)))
    assert "[secret], which stands for text that was hidden from you" in asked.messages[-1].text
    with pytest.raises(StopIteration) as done:
        talk.send(answer(edit("pkg/a.py", "    return a + b\n", "    return b + a\n")))
    [change] = done.value.value.changes
    assert change.data.decode().startswith(secret)


def test_a_new_file_may_speak_of_masks():
    talk = conversation(assignment(required=frozenset({"pkg/mask.py"})))
    next(talk)
    with pytest.raises(StopIteration) as done:
        talk.send(answer(file("pkg/mask.py", 'MASK = "[secret]"\n')))
    assert isinstance(done.value.value, Patch)
