"""A worker that wants more files, or whose files don't fit into a reply, ends with what it has."""

import pytest
from worker_kit import CODE, LONG, OTHER, assignment, edit, file, talk, texts

from partita.core.changes import Write
from partita.core.plan import Contract
from partita.core.worker import CONTINUATIONS, SAYS, TURNS, WISHES, GaveUp, More, Patch, Rest

A = frozenset({"pkg/a.py"})


def need(path, why="it must call this"):
    return f'<need path="{path}">{why}</need>\n'


def asker(**more):
    return assignment(may_ask=True, **{"required": A, **more})


def written(ending):
    return {c.path: c.data.decode() for c in ending.changes if isinstance(c, Write)}


# --- more files ---------------------------------------------------------------------------------


def test_a_wish_ends_the_conversation_with_what_is_good_so_far():
    job = asker(required=frozenset({"pkg/a.py", "pkg/b.py"}), given={"pkg/py.typed": ""})
    outcome, asked = talk(job, file("pkg/a.py") + need("main.py") + need("lib/x.py", ""))
    assert isinstance(outcome, More)
    assert outcome.wishes == (("main.py", "it must call this"), ("lib/x.py", ""))
    assert written(outcome) == {"pkg/a.py": CODE, "pkg/py.typed": ""}
    assert outcome.rungs == ("tags",)
    assert len(asked) == 1


def test_a_wish_beside_complete_files_is_a_wish_all_the_same():
    outcome, _ = talk(asker(), file("pkg/a.py") + need("main.py"))
    assert isinstance(outcome, More)
    assert written(outcome) == {"pkg/a.py": CODE}


def test_a_wish_needs_no_contract_to_be_kept_yet():
    contract = Contract(
        id="add", kind="function", signature="def add(a: int, b: int) -> int", path="pkg/a.py",
        symbol="add",
    )  # fmt: skip
    job = assignment(contract=contract, may_ask=True, required=A)
    assert isinstance(talk(job, file("pkg/a.py", OTHER) + need("main.py"))[0], More)


def test_a_file_that_comes_with_the_wish_for_it_is_no_complaint():
    outcome, asked = talk(asker(), file("pkg/a.py") + file("main.py") + need("main.py"))
    assert isinstance(outcome, More)
    assert written(outcome) == {"pkg/a.py": CODE}
    assert len(asked) == 1


def test_a_wish_for_what_is_ones_own_is_passed_over():
    outcome, _ = talk(asker(), file("pkg/a.py") + need("pkg/b.py"))
    assert texts(outcome) == {"pkg/a.py": CODE}
    outcome, asked = talk(asker(required=frozenset()), need("pkg/b.py"), file("pkg/b.py"))
    assert asked[1].wrong == ("nothing would change",)
    assert texts(outcome) == {"pkg/b.py": CODE}


def test_what_is_wrong_beside_a_wish_is_mended_before_it_is_passed_on():
    first = file("pkg/a.py", "def broken(:\n") + need("main.py")
    outcome, asked = talk(asker(required=A | {"pkg/b.py"}), first, file("pkg/a.py"))
    assert [w.split(":")[0] for w in asked[1].wrong] == ["pkg/a.py does not parse"]
    assert isinstance(outcome, More)
    assert outcome.wishes == (("main.py", "it must call this"),)
    assert written(outcome) == {"pkg/a.py": CODE}


def test_a_wish_is_heard_through_a_cut():
    whole = need("main.py") + file("pkg/a.py", LONG)
    outcome, asked = talk(asker(), (whole[:400], "length"), whole[400:])
    assert isinstance(outcome, More)
    assert written(outcome) == {"pkg/a.py": LONG}
    assert [ask.complaints for ask in asked] == [0, 0]


def test_a_wish_outlives_replies_that_never_get_good():
    outcome, asked = talk(asker(), need("main.py") + file("pkg/a.py", "def broken(:\n"))
    assert outcome == More(
        wishes=(("main.py", "it must call this"),), changes=(), rungs=("tags",) * TURNS
    )
    assert len(asked) == TURNS


def test_a_cut_that_is_not_gone_on_with_does_not_hold_up_a_wish():
    cut = need("main.py") + file("pkg/a.py", LONG)[:300]
    outcome, asked = talk(asker(), (cut, "length"), ("VALUE = 1\n", "length"))
    assert isinstance(outcome, More)
    assert outcome.changes == ()
    assert len(asked) == 1 + CONTINUATIONS


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc/passwd", "it is absolute"),
        ("../up.py", "it has the segment `..`"),
        (".git/config", "it holds git's own folder"),
        ("lib/", "it has an empty segment"),
        ("lib/*.py", "name the very file, no folder and no pattern"),
        ("lib/?.py", "name the very file, no folder and no pattern"),
        ("docs", "name the very file, no folder and no pattern"),
        ("pkg/secret/x.py", "it is forbidden to you"),
        ("old.py", "it was refused before"),
        ("out/x.py", "out is a symbolic link"),
        ("out", "out is a symbolic link"),
    ],
)
def test_a_wish_that_can_t_be_is_refused_with_the_reason_and_may_be_done_without(path, why):
    there = {"docs/a.md": "file", "out": "link", "star*.py": "file"}
    job = asker(there=there, denied=frozenset({"old.py"}))
    outcome, asked = talk(job, file("pkg/a.py") + need(path), "NOTHING")
    said = f"{path} can't be had: {why}; do without it, or say in your file what stands in its way"
    assert asked[1].wrong == (said,)
    assert "reply with the single word NOTHING" in asked[1].messages[-1].text
    assert texts(outcome) == {"pkg/a.py": CODE}


def test_a_file_may_be_named_like_a_pattern():
    outcome, _ = talk(asker(there={"star*.py": "file"}), need("star*.py"))
    assert isinstance(outcome, More)
    outcome, _ = talk(asker(), need("app/[id].tsx"))
    assert isinstance(outcome, More)


def test_who_may_not_ask_is_told_what_is_its_own():
    job = assignment(required=A)
    outcome, asked = talk(job, file("pkg/a.py") + need("main.py"), "`NOTHING`")
    assert "; ".join(asked[1].wrong) == (
        "main.py can't be had: it is not yours to write; yours are: pkg/**, README.md; do without "
        "it, or say in your file what stands in its way"
    )
    assert texts(outcome) == {"pkg/a.py": CODE}


def test_the_same_refused_wish_is_not_complained_of_twice():
    outcome, asked = talk(assignment(required=A), file("pkg/a.py") + need("main.py"))
    assert texts(outcome) == {"pkg/a.py": CODE}
    assert len(asked) == 2


def test_nothing_is_no_answer_where_a_file_or_a_contract_is_missing():
    outcome, asked = talk(assignment(required=A), need("main.py"), "NOTHING")
    assert isinstance(outcome, GaveUp)
    assert "single word NOTHING" not in asked[1].messages[-1].text
    contract = Contract(
        id="add", kind="function", signature="def add(a: int, b: int) -> int", path="pkg/a.py",
        symbol="add",
    )  # fmt: skip
    job = assignment(contract=contract, optional=True, own={"pkg/a.py": OTHER})
    outcome, asked = talk(job, "NOTHING")
    assert isinstance(outcome, GaveUp)
    assert "add" in asked[1].wrong[0]
    kept = assignment(contract=contract, optional=True, own={"pkg/a.py": CODE})
    assert talk(kept, "NOTHING")[0] == Patch(changes=())


def test_nothing_drops_no_wish():
    job = asker(required=frozenset(), optional=True)
    bad = need("main.py") + file("pkg/a.py", "def broken(:\n")
    outcome, _ = talk(job, bad, "NOTHING")
    assert isinstance(outcome, More)


def test_nothing_does_not_end_a_file_that_was_cut():
    job = assignment(optional=True)
    outcome, asked = talk(job, (file("pkg/a.py", LONG)[:300], "length"), "NOTHING", "NOTHING")
    assert "its rest did not come" in asked[2].wrong[0]
    assert outcome.changes == ()


def test_a_refused_wish_beside_a_good_one_is_a_note():
    outcome, asked = talk(asker(), need("main.py") + need("pkg/secret/x.py"))
    assert isinstance(outcome, More)
    assert outcome.wishes == (("main.py", "it must call this"),)
    assert "pkg/secret/x.py can't be had: it is forbidden to you" in outcome.notes[0]
    assert len(asked) == 1


def test_only_so_many_files_can_be_asked_for_at_once():
    outcome, _ = talk(asker(), "".join(need(f"lib/{n}.py", "y" * 900) for n in range(WISHES + 2)))
    assert [path for path, _ in outcome.wishes] == [f"lib/{n}.py" for n in range(WISHES)]
    assert {len(why) for _, why in outcome.wishes} == {300}
    assert len(outcome.notes) == 2
    assert f"no more than {WISHES} files can be asked for at once" in outcome.notes[0]


def test_a_wish_that_was_heard_may_be_said_again():
    wishes = "".join(need(f"lib/{n}.py") for n in range(WISHES))
    bad, good = file("pkg/a.py", "def broken(:\n"), file("pkg/a.py")
    outcome, _ = talk(asker(), wishes + bad, wishes + good)
    assert len(outcome.wishes) == WISHES
    assert outcome.notes == ()


def test_files_that_break_a_contract_can_t_stand_whatever_was_refused_beside():
    contract = Contract(
        id="add", kind="function", signature="def add(a: int, b: int) -> int", path="pkg/a.py",
        symbol="add",
    )  # fmt: skip
    job = assignment(contract=contract, required=A)
    _, asked = talk(job, file("pkg/a.py", OTHER) + need("main.py"))
    assert len(asked[1].wrong) == 2
    assert "add" in asked[1].wrong[1]
    assert "NOTHING" not in asked[1].messages[-1].text


def test_a_complaint_names_only_so_many_problems():
    _, asked = talk(assignment(required=A), "".join(file(f"x/{n}.py") for n in range(SAYS + 7)))
    assert len(asked[1].wrong) == SAYS + 1
    assert asked[1].wrong[-1] == "and 8 more"
    assert len(asked[1].messages[-1].text) < 10_000
    _, asked = talk(assignment(), "".join(file(f"x/{n}.py") for n in range(SAYS)))
    assert len(asked[1].wrong) == SAYS


# --- files too long for a reply -----------------------------------------------------------------

BOTH = frozenset({"pkg/a.py", "pkg/b.py"})
ENDLESS = ("VALUE = 1\n", "length")


def test_what_did_not_fit_is_left_for_questions_of_its_own():
    job = assignment(required=BOTH | {"pkg/c.py"}, given={"pkg/py.typed": ""})
    begun = file("pkg/c.py") + file("pkg/a.py", LONG)[:300]
    outcome, asked = talk(job, (begun, "length"), ENDLESS)
    assert outcome == Rest(
        missing=("pkg/a.py", "pkg/b.py"),
        changes=(
            Write(path="pkg/c.py", data=CODE.encode()),
            Write(path="pkg/py.typed", data=b""),
        ),
        rungs=("tags",) * 4,
    )
    assert len(asked) == 1 + CONTINUATIONS


def test_a_cut_between_files_leaves_those_that_are_missing():
    job = assignment(required=BOTH | {"pkg/c.py"})
    outcome, _ = talk(job, (file("pkg/c.py"), "length"))
    assert isinstance(outcome, Rest)
    assert outcome.missing == ("pkg/a.py", "pkg/b.py")


def test_the_rest_holds_edits_that_failed_and_what_was_being_written():
    job = assignment(required=BOTH, own={"pkg/old.py": CODE})
    begun = (
        edit("pkg/old.py", "not there\n", "x\n")
        + file("elsewhere.py")
        + file("pkg/extra.py", LONG)[:300]
    )
    outcome, _ = talk(job, (begun, "length"), ENDLESS)
    assert outcome.missing == ("pkg/a.py", "pkg/b.py", "pkg/extra.py", "pkg/old.py")
    assert [note.split()[0] for note in outcome.notes] == ["pkg/old.py:", "elsewhere.py"]
    outside = file("elsewhere.py", LONG)[:300]
    outcome, _ = talk(job, (outside, "length"), ENDLESS)
    assert outcome.missing == ("pkg/a.py", "pkg/b.py")


def test_what_was_kept_is_not_asked_for_again():
    job = assignment(required=BOTH | {"pkg/c.py"})
    first = file("pkg/c.py") + file("pkg/a.py", "def broken(:\n")
    again = (file("pkg/c.py", LONG)[:300], "length")
    outcome, _ = talk(job, first, again, ENDLESS)
    assert outcome.missing == ("pkg/a.py", "pkg/b.py")
    assert written(outcome) == {"pkg/c.py": CODE}


def test_turns_that_run_out_in_a_cut_leave_a_rest_too():
    cut = (file("pkg/a.py", LONG)[:300], "length")
    outcome, asked = talk(assignment(required=BOTH), *["no"] * (TURNS - 1), cut)
    assert isinstance(outcome, Rest)
    assert len(asked) == TURNS


def test_a_single_file_is_asked_for_once_more_shorter():
    cut = (file("pkg/a.py", LONG)[:300], "length")
    job = assignment(required=A)
    outcome, asked = talk(job, cut, *[ENDLESS] * CONTINUATIONS, file("pkg/a.py"))
    assert texts(outcome) == {"pkg/a.py": CODE}
    assert "; ".join(asked[-1].wrong) == (
        "pkg/a.py was cut off and did not end: send it shorter; if that can't be, divide it into "
        "two modules that are yours"
    )
    outcome, asked = talk(job, cut, *[ENDLESS] * CONTINUATIONS, cut)
    assert len(asked) == TURNS
    assert isinstance(outcome, GaveUp)
    assert outcome.why.startswith("pkg/a.py was cut off and did not end")


def test_of_a_long_file_that_is_there_only_the_changes_are_asked_for():
    job = assignment(own={"pkg/a.py": LONG})
    cut = (file("pkg/a.py", LONG)[:300], "length")
    _, asked = talk(job, cut, ENDLESS)
    assert "send only the places that change" in asked[-1].wrong[0]


def test_a_given_file_outlives_a_clash_with_another():
    job = assignment(required=A, given={"pkg/sub/py.typed": ""})
    outcome, asked = talk(job, file("pkg/a.py") + file("pkg/sub"), file("pkg/a.py"))
    assert "pkg/sub can't be a file and the folder of pkg/sub/py.typed" in asked[1].wrong[0]
    assert texts(outcome) == {"pkg/a.py": CODE, "pkg/sub/py.typed": ""}
