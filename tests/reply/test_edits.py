"""Edits are made where they fit exactly once, or refused with the lines to copy from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.reply.edits import apply_edits
from partita.core.reply.value import Edit, Unreadable

FILE = "def f(x):\n    if x:\n        return 1\n    return 2\n\n\ndef g(x):\n    return 3\n"


def edited(original, *pairs):
    made = apply_edits(original, [Edit(search=s, replace=r) for s, r in pairs])
    assert isinstance(made, str), made
    return made


def refused(original, *pairs):
    made = apply_edits(original, [Edit(search=s, replace=r) for s, r in pairs])
    assert isinstance(made, Unreadable), made
    return made.why


def test_exact_lines_are_replaced():
    assert edited(FILE, ("    return 2\n", "    return 4\n")) == FILE.replace("2", "4")
    assert edited(FILE, ("    return 3\n", "")) == FILE.replace("    return 3\n", "")
    assert edited("a\nb", ("b\n", "c\nd\n")) == "a\nc\nd"
    assert edited("a\nb\n", ("a\nb\n", "")) == ""


def test_edits_build_on_one_another():
    assert edited("a\n", ("a\n", "b\n"), ("b\n", "c\n")) == "c\n"


def test_other_indentation_is_carried_over():
    search, replace = "if x:\n    return 1\n", "if x:\n    y = 1\n    return y\n"
    want = FILE.replace("        return 1\n", "        y = 1\n        return y\n")
    assert edited(FILE, (search, replace)) == want
    deep = "".join("        " + line + "\n" for line in search.splitlines())
    deeper = "".join("        " + line + "\n" for line in replace.splitlines())
    assert edited(FILE, (deep, deeper)) == want


def test_tabs_of_the_file_are_kept():
    original = "class A:\n\tdef f(self):\n\t\treturn 1\n"
    search = "    def f(self):\n        return 1\n"
    replace = "    def f(self):\n        x = 1\n        return x\n"
    assert edited(original, (search, replace)) == (
        "class A:\n\tdef f(self):\n\t\tx = 1\n\t\treturn x\n"
    )


def test_an_indentation_without_a_rule_is_refused():
    original = "a:\n\tb\n\t\tc\n"
    assert "indented" in refused(original, ("    b\n    c\n", "    b\n    d\n"))


def test_blanks_inside_and_at_the_end_of_lines_do_not_matter_and_are_kept():
    original = 'x  =  "a"   \ny = 2\nz = 3\n'
    assert (
        edited(original, ('x = "a"\ny = 2\n', 'x = "a"\ny = 5\n')) == 'x  =  "a"   \ny = 5\nz = 3\n'
    )


def test_lines_that_occur_twice_are_refused_with_their_numbers():
    assert "lines 1, 3" in refused("a\nb\na\n", ("a\n", "c\n"))
    assert "lines 1, 3" in refused("  a\nb\n a\n", ("a\n", "c\n"))


@pytest.mark.parametrize("original", ["a\n-\na\n", "-\na\n-\na\n", "-\na\na\n-\n", "-\na\n-\na"])
def test_lines_that_occur_twice_are_refused_wherever_they_stand(original):
    assert "lines" in refused(original, ("a\n", "c\n"))


def test_lines_that_are_missing_are_answered_with_the_nearest():
    why = refused(FILE, ("def g(x, y):\n    return 3\n", ""))
    assert why.startswith("edit 1 of 1:")
    assert "def g(x):\n    return 3" in why
    assert "edit 2 of 2" in refused(FILE, ("    return 3\n", "x\n"), ("    return 3\n", ""))
    assert "nothing there resembles" in refused("a\n", ("zzzzzzzzz\n", ""))


def test_an_empty_search_is_for_an_empty_file():
    assert edited("", ("", "x = 1\n")) == "x = 1\n"
    assert edited("\n", ("\n", "x = 1\n")) == "x = 1\n"
    assert "empty SEARCH" in refused(FILE, ("", "x\n"))


def test_crlf_stays():
    assert edited("a\r\nb\r\nc\r\n", ("b\n", "d\ne\n")) == "a\r\nd\r\ne\r\nc\r\n"
    assert edited("a\r\nb\r\n", ("b\r\n", "d\r\n")) == "a\r\nd\r\n"
    assert edited("a\nb\r\nc\n", ("a\n", "d\n")) == "d\nb\r\nc\n"


@pytest.mark.parametrize("line", ["\n", "x\n", "    \n"])
def test_a_megabyte_of_equal_lines_is_answered(line):
    original = line * 200_000
    refused(original, (line * 100_000, "y\n")) if line.strip() else None
    refused(original, (line * 100_000 + "nope\n", "y\n"))


def test_long_lines_are_not_shown_in_full():
    assert len(refused("ab" * 500_000, ("ab" * 400_000 + "\n", ""))) < 5_000


lines = st.lists(
    st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), max_size=8
)


@given(lines, lines, lines, lines)
def test_one_exact_match_changes_its_lines_only(before, old, new, after):
    marked = ["<<here>>", *old]
    original = "".join(line + "\n" for line in [*before, *marked, *after])
    search = "".join(line + "\n" for line in marked)
    replace = "".join(line + "\n" for line in new)
    if (*before, *old, *after).count("<<here>>") == 0:
        assert edited(original, (search, replace)) == "".join(
            line + "\n" for line in [*before, *new, *after]
        )


@given(st.text(), st.text(), st.text())
def test_any_edit_gets_an_answer(original, search, replace):
    made = apply_edits(original, [Edit(search=search, replace=replace)])
    assert isinstance(made, str | Unreadable)
