"""Patterns, their overlap, and what a scope lets be written."""

import itertools
import re
import unicodedata
from pathlib import Path

import pytest
from drawn import (
    SHORT,
    SHORTER,
    Drawn,
    holds,
    language,
    lists,
    patterns,
    plain_pieces,
    short_paths,
    texts,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from interegular.comparator import Comparator
from strategies import LAW

from partita.core import automaton
from partita.core import pattern as reading
from partita.core import scope as rules
from partita.core.language import machine, patterns_of
from partita.core.meeting import Side, cases, meet, plainness
from partita.core.plan import Task
from partita.core.scope import (
    SHARP,
    UNWRITABLE,
    BadPattern,
    Blind,
    Fuel,
    Scope,
    bad_path,
    collision,
    head,
    literal,
    matches,
    normalise,
    overlap,
    scope_of,
)

CASE, FORMS = Blind(case=True), Blind(forms=True)


# Matching


@LAW
@given(patterns())
def test_a_pattern_matches_what_its_regular_expression_does(pattern):
    assert {path for path in SHORT if matches(pattern.text, path)} == language([pattern])


@LAW
@given(lists(most=4), st.lists(st.sampled_from(SHORTER), max_size=20))
def test_what_is_looked_up_the_matcher_and_the_product_agree(drawn, paths):
    known = patterns_of(texts(drawn))
    whole = machine(tuple(known.all))
    for path in paths:
        found = meet([Side((machine((literal(path),)),)), Side((whole,))], fuel=Fuel())
        assert found == (path if holds(drawn, path) else None)
        assert known.accepts(path) == whole.accepts(path) == (found is not None)


@LAW
@given(lists(st.sampled_from([Drawn("a", "a"), Drawn("b", "b")])), st.text("ab./\0", max_size=5))
def test_what_is_no_relative_path_matches_nothing(drawn, path):
    well_formed = not any(part in ("", ".", "..") for part in path.split("/"))
    well_formed = well_formed and "\0" not in path
    for text in (*texts(drawn), "**", "a/**", "a", "a/b"):
        assert well_formed or not matches(text, path)
        assert well_formed or not machine((text,)).accepts(path)


# Overlap


@LAW
@given(lists(), lists(), lists(), lists())
def test_overlap_finds_a_shortest_of_all_short_paths(a, b, minus_a, minus_b):
    found = overlap(texts(a), texts(b), minus_a=texts(minus_a), minus_b=texts(minus_b))
    both = (language(a) - language(minus_a)) & (language(b) - language(minus_b))
    if found is None:
        assert not both
    else:
        assert holds(a, found)
        assert holds(b, found)
        assert not holds(minus_a, found)
        assert not holds(minus_b, found)
        assert len(found) == min(map(len, both), default=len(found))
        assert both or len(found) > len(SHORT[-1])
        assert plainness(found) <= min(map(plainness, both), default=plainness(found))


@LAW
@given(patterns(plain_pieces), patterns(plain_pieces), patterns(plain_pieces))
def test_overlap_agrees_with_interegular(a, b, minus):
    oracle = Comparator.from_regexes({"a": a.regex, "b": b.regex, "minus": minus.regex})
    assert (overlap([a.text], [b.text]) is None) == oracle.isdisjoint("a", "b")
    left = oracle.get_fsm("a").difference(oracle.get_fsm("minus"))
    assert (overlap([a.text], [b.text], minus_a=[minus.text]) is None) == left.isdisjoint(
        oracle.get_fsm("b")
    )


@LAW
@given(lists(), lists(), lists())
def test_overlap_is_symmetric(a, b, minus):
    found = overlap(texts(a), texts(b), minus_a=texts(minus))
    assert overlap(texts(b), texts(a), minus_b=texts(minus)) == found
    assert overlap(texts(reversed(a)), texts(b), minus_b=texts(minus)) == found
    if found is not None:
        assert any(matches(text, found) for text in texts(a))
        assert any(matches(text, found) for text in texts(b))


@LAW
@given(lists(), lists(), lists(), st.sampled_from([SHARP, CASE]))
def test_long_lists_are_compared_like_short_ones(a, b, minus, blind):
    found = overlap(texts(a), texts(b), minus_a=texts(minus), blind=blind)
    try:
        many = overlap(
            [*texts(a), *(f"x/{i}/**" for i in range(300))],
            [*texts(b), *(f"y/{i}/**" for i in range(300)), *(f"x/y{i}/*.py" for i in range(9))],
            minus_a=[*texts(minus), *(f"z/{i}/**" for i in range(300)), "x/**/.py"],
            blind=blind,
        )
    except BadPattern:  # too intricate
        return
    if found is None:
        assert many is None or many[:2] in ("x/", "y/")
    else:
        assert many is not None
        assert plainness(many) <= plainness(found) or blind == CASE
        assert many == found or many[:2] in ("x/", "y/")


# Blindness

CASED = "abcABC"


@LAW
@given(lists(), lists(), lists(), lists())
def test_blind_to_case_finds_a_shortest_path_that_differs_in_case_at_most(a, b, minus_a, minus_b):
    ours = language(a, SHORTER) - language(minus_a, SHORTER)
    theirs = {p.lower() for p in language(b, SHORTER) - language(minus_b, SHORTER)}
    both = [path for path in ours if path.lower() in theirs]
    found = overlap(texts(a), texts(b), minus_a=texts(minus_a), minus_b=texts(minus_b), blind=CASE)
    if found is None:
        assert not both
    else:
        assert holds(a, found)
        assert not holds(minus_a, found)
        twins = map("".join, itertools.product(*({c.lower(), c.upper()} for c in found)))
        assert any(holds(b, twin) and not holds(minus_b, twin) for twin in twins)
        assert len(found) == min(map(len, both), default=len(found))
        assert both or len(found) > len(SHORTER[-1])


@LAW
@given(lists(), lists(), lists())
def test_blind_to_case_is_symmetric_but_for_the_spelling(a, b, minus):
    found = overlap(texts(a), texts(b), minus_a=texts(minus), blind=CASE)
    turned = overlap(texts(b), texts(a), minus_b=texts(minus), blind=CASE)
    assert (found is None) == (turned is None)
    assert len(found or "") == len(turned or "")


def test_blind_to_case_knows_letters_beyond_ascii():
    assert overlap(["straẞe/Ä.py"], ["STRAßE/ä.py"], blind=CASE) == "straẞe/Ä.py"
    assert overlap(["*.py/Ä"], ["src.PY/ä*"], blind=CASE) == "src.py/Ä"
    assert overlap(["src/*.py"], ["src/README.PY"], blind=CASE) == "src/readme.py"
    assert overlap(["src/[!r]*.py"], ["src/README.PY"], blind=CASE) == "src/Readme.py"
    assert overlap(["src/*.py"], ["src/README.PY"]) is None
    assert overlap(["\u212a*"], ["k?"], blind=CASE) == "\u212aa"
    assert overlap(["ss*"], ["ß"], blind=CASE) is None


FILES = ("src/A.py", "SRC/a.py", "Src/B.PY", "src/d/e", "x")


@LAW
@given(
    *[
        st.lists(
            st.sampled_from([*FILES, "src/**", "SRC/**", "src/[!a]*", "*/?.py", "**", "X", "SRC"]),
            max_size=3,
        )
        for _ in range(4)
    ]
)
def test_files_and_folders_that_are_looked_up_are_compared_like_the_rest(a, b, minus_a, minus_b):
    def spelled(patterns):  # braces keep a pattern from being looked up
        return [re.sub(r"([a-zA-Z])", r"{\1}", pattern, count=1) for pattern in patterns]

    for blind in (SHARP, CASE):
        quick, slow = (
            overlap(write(a), write(b), minus_a=minus_a, minus_b=minus_b, blind=blind)
            for write in (list, spelled)
        )
        assert len(quick or "") == len(slow or "")
        assert quick == slow or blind == CASE
        if quick is not None:
            assert any(matches(p, quick) for p in a)
            assert not any(matches(p, quick) for p in minus_a)


def test_every_group_of_cases_is_one_file():
    for index, group in enumerate(cases()):
        low, high = chr(group[0]), chr(group[-1])
        assert {CASE.key(chr(code)) for code in group} == {CASE.key(low)}
        assert ord(CASE.key(low)) in group
        if index % 20 == 0:
            assert overlap([f"x{low}*"], [f"*{high}"], blind=CASE) == f"x{low}"


ACCENTS = ["e", "\u0301", "é", "E", "a"]
accented = st.sampled_from(
    [*(Drawn(c, c) for c in ACCENTS), Drawn("?", "[^/]"), Drawn("[e\u0301]", "[e\u0301]")]
)


@LAW
@given(lists(accented), lists(accented), lists(accented))
def test_blind_to_forms_reads_patterns_composed(a, b, minus):
    def composed(drawn):
        return [
            Drawn(*(unicodedata.normalize("NFC", each) for each in pattern)) for pattern in drawn
        ]

    paths = short_paths("eE\u0301éa/", 3)
    both = (language(composed(a), paths) & language(composed(b), paths)) - language(
        composed(minus), paths
    )
    found = overlap(texts(a), texts(b), minus_b=texts(minus), blind=FORMS)
    if found is None:
        assert not both
    else:
        assert holds(composed(a), found)
        assert holds(composed(b), found)
        assert not holds(composed(minus), found)
        assert len(found) == min(map(len, both), default=len(found))


@LAW
@given(
    st.text("eE\u0301éÉ/", min_size=1, max_size=4), st.text("eE\u0301éÉ/", min_size=1, max_size=4)
)
def test_two_paths_are_one_file_when_their_keys_are_equal(x, y):
    assume(all(part for path in (x, y) for part in path.split("/")))
    for case, forms in itertools.product((False, True), repeat=2):
        blind = Blind(case=case, forms=forms)
        one, other = x, y
        if forms:
            one, other = (unicodedata.normalize("NFC", path) for path in (one, other))
        if case:
            one, other = one.lower(), other.lower()
        assert (blind.key(x) == blind.key(y)) == (one == other)
        met = overlap([literal(x)], [literal(y)], blind=blind)
        assert (met is not None) == (one == other)
        if "/" not in y:  # braces keep it from being looked up
            met = overlap([literal(x)], [f"{{{literal(y)}}}"], blind=blind)
            assert (met is not None) == (one == other)


def test_blind_to_forms_joins_a_decomposed_name_with_the_composed():
    assert overlap(["caf\u00e9.py"], ["cafe\u0301.py"]) is None
    assert overlap(["caf\u00e9.py"], ["cafe\u0301.py"], blind=FORMS) == "caf\u00e9.py"
    assert overlap(["caf?.py"], ["cafe\u0301.py"], blind=FORMS) == "caf\u00e9.py"
    both = Blind(case=True, forms=True)
    assert overlap(["CAF\u00c9.py"], ["cafe\u0301.*"], blind=both) == "CAF\u00c9.py"
    assert both.key("CAFE\u0301.py") == "caf\u00e9.py"


# Spelling


names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8
).filter(lambda part: part not in (".", ".."))
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@LAW
@given(paths, paths)
def test_a_literal_matches_its_path_and_no_other(path, other):
    assume(not re.match("[A-Za-z]:", path))
    pattern = literal(path)
    assert normalise(pattern) == pattern
    assert matches(pattern, path)
    assert matches(pattern, other) == (path == other)
    assert overlap([pattern], ["**"], minus_a=[pattern]) is None


def test_brackets_of_an_existing_path_are_only_taken_literally_when_asked():
    path = "app/[id]/page.tsx"
    assert matches(literal(path), path)
    assert not matches(literal(path), "app/i/page.tsx")
    assert matches(path, "app/i/page.tsx")
    assert not matches(path, path)


@LAW
@given(patterns(plain_pieces))
def test_normalising_twice_changes_nothing(pattern):
    text = f"./{pattern.text}//"
    once = normalise(text)
    assert normalise(once) == once
    assert overlap([once], [f"{pattern.text}/**"]) is not None


def answer(function, *given):
    try:
        return function(*given)
    except BadPattern as e:
        return str(e)


@LAW
@given(
    st.text("ab./*!:\\{\0?", max_size=7)
    | st.lists(st.sampled_from(["**", "a", ".", ""])).map("/".join)
)
def test_a_plain_pattern_is_read_as_any_other(text):
    assert answer(normalise, text) == answer(reading._normal, text)
    if answer(normalise, text) == text:
        assert reading.shape(text) == reading._shape(text)


@LAW
@given(st.text("aZ09_+@-./~ é", max_size=8) | st.sampled_from(["a" * 255, "a/" * 499 + "abc"]))
def test_a_path_that_is_plainly_fine_has_nothing_against_it(path):
    assert bad_path(path) == rules._why_not(path)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("./src//auth/", "src/auth/**"),
        ("src/**/**/x", "src/**/x"),
        (".", "**"),
        ("a/./b", "a/b"),
        ("docs/**/", "docs/**"),
        (r"app/\[id\]", r"app/\[id\]"),
        ("/".join(["a"] * 400) + "/", "/".join(["a"] * 400) + "/**"),
        ("x" * 1_024, "x" * 1_024),
    ],
)
def test_a_pattern_has_one_spelling(written, normal):
    assert normalise(written) == normal


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "/etc/passwd",
        "..",
        "a/../b",
        "./..",
        "C:/x",
        "c:x",
        "src\\auth\\login.py",
        "\\\\host\\share",
        "a\\",
        "a\\_b",
        "a\\.b",
        "a\\é",
        "a\\1",
        "[\\a]",
        "[ -\\a]",
        "a\0b",
        "a{b",
        "a}b",
        "{a/b,c}",
        "[",
        "[a",
        "[]",
        "[z-a]",
        "[[:alpha:]]",
        "!src/**",
        "./!src",
        "x" * 1_025,
        "{" + "a," * 200 + "b}",
        "{{{{{{{{a}}}}}}}}",
        "{" * 1_000,
    ],
)
def test_what_can_not_be_a_pattern_is_refused_with_a_sentence(pattern):
    with pytest.raises(BadPattern, match=r"\w+ \w+ \w+"):
        normalise(pattern)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("**", ["a", ".a/.b"], ["", "/a", "a/", "a//b", "../a", "a/..", "."]),
        ("dir/**", ["dir/a", "dir/a/b"], ["dir", "dirx/a"]),
        ("dir/", ["dir/a"], ["dir"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb"]),
        ("**/*.py", ["a.py", "x/.py", "x/y/a.py"], ["a.pyc"]),
        ("*", ["a", ".env"], ["a/b"]),
        ("src/**.py", ["src/a.py"], ["src/x/a.py"]),
        ("{src,tests}/*.{py,txt}", ["src/a.py", "tests/b.txt"], ["doc/a.py"]),
        ("[!a-c]", ["d", "é"], ["a", "/"]),
        ("[^a]", ["b"], ["a"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[+-9]", ["+", "0"], ["/", "a"]),
        ("[x-za-cb-d]", ["a", "b", "d", "x", "z"], ["e", "w", "{"]),
        ("[a-fb-c]", ["a", "b", "d", "f"], ["g", "`"]),
        ("[ace]", ["a", "c", "e"], ["b", "d", "f"]),
        ("[!ac-e]", ["b", "f", "\U0010ffff", "\x01"], ["a", "c", "d", "e", "/"]),
        ("a[a-]", ["aa", "a-"], ["ab"]),
        (r"\*\{\?", ["*{?"], ["a{b"]),
        ("Src", ["Src"], ["src"]),
        ("{a,{b,c}d}", ["a", "bd", "cd"], ["b", "ad"]),
        ("{a*,*b}c", ["axc", "xbc"], ["xc", "xac"]),
        (r"a\ b\=\~\+", ["a b=~+"], ["a b=~"]),
        (r"[\]\ -\$]", ["]", " ", "#", "$"], ["%", "\\\\"]),
        ("\\\u0301", ["\u0301"], ["a"]),
    ],
)
def test_the_dialect(pattern, yes, no):
    assert [path for path in yes if not matches(pattern, path)] == []
    assert [path for path in no if matches(pattern, path)] == []


def test_the_table_of_the_dialect_in_the_documentation_is_true():
    page = Path(__file__).parents[2] / "docs" / "concepts" / "scopes.md"
    rows = re.findall(
        r"^\| (`.*) \| .* \| (`.*) \| (`.*) \|$", page.read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) == 10
    for row in rows:
        (pattern,), yes, no = (re.findall("`([^`]+)`", cell) for cell in row)
        assert [path for path in yes if not matches(pattern, path)] == []
        assert [path for path in no if matches(pattern, path)] == []


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ("x" * 1_024, "x" * 1_025),
        ("*" + "x" * 1_023, "*" + "x" * 1_024),
        ("x" * 1_021 + "/", "x" * 1_022 + "/"),
        ("{" + "," * 127 + "}", "{" + "," * 128 + "}"),
        ("{a,b}" * 64, "{a,b}" * 64 + "{c}"),
        ("{{{{a}}}}", "{{{{{a}}}}}"),
        ("{{{{a}}}}{{{{a}}}}", "{{{{a}}}}{{{{{a}}}}}"),
    ],
)
def test_a_pattern_is_as_long_and_as_intricate_as_that_at_most(most, more):
    assert normalise(most)
    with pytest.raises(BadPattern, match=r"longer|more than"):
        normalise(more)


@pytest.mark.parametrize(
    ("a", "b", "blind"),
    [
        ("src/*.py", "docs/*.py", SHARP),
        ("src/*.py", "src/*.md", SHARP),
        ("src/a/**", "src/b/*.md", SHARP),
        ("src/a", "SRC/ab*", CASE),
        ("src/abc", "*/B", CASE),
        ("src/*.py", "SRC/*.MD", CASE),
        ("src/a/**", "src/a", CASE),
    ],
)
def test_patterns_that_begin_or_end_differently_are_not_searched(a, b, blind):
    for one, other in ((a, b), (b, a)):
        assert overlap([one], [other], blind=blind, fuel=Fuel(3)) is None


def test_what_a_machine_remembers_is_bounded_and_changes_no_answer(monkeypatch):
    monkeypatch.setattr(automaton, "MEMO", 3)
    machine.cache_clear()
    pattern = "**/*a?b*"
    regex = re.compile(r"(?:[^/]+/)*[^/]*a[^/]b[^/]*")
    assert {p for p in SHORT if matches(pattern, p)} == {p for p in SHORT if regex.fullmatch(p)}
    known = machine((pattern,))
    assert len(known._moves) <= 3
    assert len(known._steps) <= 3
    machine.cache_clear()


# Bounds

MANY = 10_000
PLAIN = tuple(f"src/pkg{i % 100}/mod_{i}.py" for i in range(MANY))
OTHER = tuple(f"src/pkg{i % 100}/mox_{i}.py" for i in range(MANY))
LOUD = tuple(path.upper() for path in PLAIN)
FOLDERS = tuple(f"src/pkg{i}/**" for i in range(MANY))
FAR = tuple(f"src/pkx{i}/**" for i in range(MANY))


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        (PLAIN, PLAIN, "src/pkg0/mod_0.py"),
        (PLAIN, OTHER, None),
        (PLAIN, ["src/**"], "src/pkg0/mod_0.py"),
        (PLAIN, ["**/*_77.py"], "src/pkg77/mod_77.py"),
        (["**/*_77.pyx", "docs/**"], PLAIN, None),
        (FOLDERS, FAR, None),
        (FOLDERS, FOLDERS, "src/pkg0/a"),
        (FOLDERS, PLAIN, "src/pkg0/mod_0.py"),
    ],
)
def test_ten_thousand_plain_files_or_folders_get_an_answer(a, b, found):
    one, other = Scope(touch=tuple(a)), Scope(touch=tuple(b))
    assert one.overlaps(other) == found
    assert other.overlaps(one) == found


def test_ten_thousand_plain_files_are_written_subtracted_and_covered():
    scope = Scope(touch=PLAIN, forbid=PLAIN[1:])
    assert scope.may_write(PLAIN[0])
    assert not scope.may_write(PLAIN[1])
    assert not scope.may_write(OTHER[0])
    assert scope.example() == PLAIN[0]
    assert scope.overlaps(Scope(touch=("src/**",))) == PLAIN[0]
    assert scope.overlaps(Scope(touch=("src/**",), forbid=PLAIN)) is None
    assert Scope(touch=PLAIN).within(Scope(touch=("src/**",))) is None
    assert Scope(touch=PLAIN).within(Scope(touch=PLAIN[1:])) == PLAIN[0]
    assert Scope(touch=FOLDERS).within(Scope(touch=FOLDERS)) is None


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        (PLAIN, LOUD, "src/pkg0/mod_0.py"),
        (PLAIN, OTHER, None),
        (PLAIN, ["SRC/**"], "src/pkg0/mod_0.py"),
        (["SRC/**"], PLAIN, "SRC/pkg0/mod_0.py"),
        (PLAIN, ["**/*_77.PY"], "src/pkg77/mod_77.py"),
        (FOLDERS, FAR, None),
    ],
)
def test_ten_thousand_plain_files_or_folders_get_an_answer_blind_to_case(a, b, found):
    assert Scope(touch=tuple(a)).overlaps(Scope(touch=tuple(b)), blind=CASE) == found


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (["**/**/**/*a*b*c"], ["**/**/**/*c*b*a"]),
        (["*a" * 500], ["?" * 1_000]),
        (["*ab" * 300], ["*ba" * 300]),
        (["{a,b}" * 60], ["{b,a}" * 60]),
        (["{a,}" * 60], ["{a,}" * 60]),
        (["{a*,*b}" * 60], ["{b*,*a}" * 60]),
        (["{a{b{c{d,e},f},g},h}" * 10], ["*h"]),
        ([f"**/*a{i}*" for i in range(100)], [f"**/*b{i}*" for i in range(100)]),
        ([f"x/*{chr(0x4E00 + i)}" for i in range(600)], ["x/*[!" + "ab" * 400 + "]"]),
        (["*[" + "".join(map(chr, range(0x4E00, 0x5200, 2))) + "]*"] * 2, ["*[!一]*"]),
        ([f"**/*{i}*a" for i in range(MANY)], [f"**/*{i}*b" for i in range(MANY)]),
        ([f"src/x{i}*.py" for i in range(2_000)], [f"src/*{i}.py" for i in range(2_000)]),
        (FOLDERS, ["**/*.py"]),
    ],
)
def test_hostile_patterns_end_with_an_answer_or_a_refusal(a, b):
    for minus in ((), ("**/*a????????????????b",)):
        for blind in (SHARP, CASE):
            try:
                found = overlap(a, b, minus_a=minus, minus_b=minus, blind=blind)
            except BadPattern:
                continue
            assert found is None or patterns_of(tuple(a)).accepts(found)


def test_a_comparison_spends_from_the_tank_it_shares():
    tank = Fuel(5_000)
    for _ in range(3):
        fuel = Fuel(tank=tank)
        before = tank.left
        assert overlap(["src/**"], ["src/auth/*.py"], fuel=fuel) == "src/auth/.py"
        assert 0 < before - tank.left == Fuel().left - fuel.left < 1_000
    with pytest.raises(BadPattern, match="intricate"):
        overlap(["src/**"], ["src/auth/*.py"], fuel=Fuel(tank=Fuel(10)))
    with pytest.raises(BadPattern, match="intricate"):
        overlap(PLAIN, ["src"], fuel=Fuel(10))


def test_a_pattern_that_needs_a_vast_machine_to_subtract_is_refused():
    with pytest.raises(BadPattern, match="intricate"):
        overlap(["[ab]" * 60], ["**"], minus_a=["*a" + "?" * 30])


def test_patterns_that_make_a_vast_machine_are_refused():
    for long in (
        [f"{'x' * 300}{i}*" for i in range(MANY)],
        [f"{'x/' * 300}{i}/" for i in range(MANY)],
    ):
        with pytest.raises(BadPattern, match="too many or too intricate"):
            overlap(long, ["**/*?"])
    with pytest.raises(BadPattern, match="too many or too intricate"):
        overlap([f"{i:04}{'{,a}' * 60}" for i in range(900)], ["*?"])


def test_witnesses_read_like_paths():
    assert overlap(["src/**"], ["src/auth/*.py"]) == "src/auth/.py"
    assert overlap(["src/**"], ["src/auth/?*.py"]) == "src/auth/a.py"
    assert overlap(["**"], [".env"]) == ".env"
    assert overlap(["{-,z,_,Z,.}x"], ["**"]) == "zx"
    assert overlap(["{é,-,_}x"], ["**"]) == "_x"
    assert overlap(["?{_,Z}?"], ["*"]) == "aZa"
    assert overlap(["??"], ["*"], minus_a=["[!.]?"]) == ".a"
    assert overlap(["{.a,_b}"], ["*"]) == "_b"
    assert overlap(["a{.a,_b}"], ["*"]) == "a_b"
    assert overlap(["{.a,__}"], ["*"]) == "__"  # a dot in front is odder than two of these
    assert overlap(["a{.a,__}"], ["*"]) == "a.a"
    assert overlap(["z.z", "z/z"], ["**"]) == "z/z"
    assert overlap(["A", "[a-z]"], ["?"]) == "a"  # of a file's own path and a glob's as well


# Collisions

NAMES = ("a", "b", "c")
parts = st.lists(st.sampled_from([*NAMES, "*"]), min_size=1, max_size=3, unique=True)
trees = st.lists(parts, min_size=1, max_size=3).flatmap(
    lambda segments: st.sampled_from([segments, [*segments, ["**"]]])
)


def written(tree):
    return "/".join(each[0] if len(each) == 1 else "{" + ",".join(each) + "}" for each in tree)


def spread(trees):
    return [path for tree in trees for path in itertools.product(*tree)]


TREE = [path for depth in range(1, 5) for path in itertools.product("abcd", repeat=depth)]


def lies_in(path, trees):
    return any(
        (len(path) >= len(p) if p[-1] == "**" else len(path) == len(p))
        and all(one in ("*", "**", part) for one, part in zip(p, path, strict=False))
        for p in spread(trees)
    )


def literal_names(tree, minus):
    return {
        path for path in spread([tree]) if not {"*", "**"} & set(path) and not lies_in(path, minus)
    }


def literal_needs(tree, minus):
    return {
        path[:depth]
        for path in spread([tree])
        for depth in range(1, len(path))
        if not {"*", "**"} & set(path[:depth])
        and any(
            p[:depth] == path[:depth] and len(p) > depth and lies_in(p, [tree])
            for p in TREE
            if not lies_in(p, minus)
        )
    }


@LAW
@given(*[st.lists(trees, max_size=2) for _ in range(4)], st.booleans())
def test_a_collision_is_what_trying_every_literal_name_finds(a, b, minus_a, minus_b, blind):
    def write(trees):
        return [written(tree) for tree in trees]

    loud = [path.upper() for path in write(b)] if blind else write(b)
    loud_minus = [path.upper() for path in write(minus_b)] if blind else write(minus_b)
    found = collision(
        write(a),
        loud,
        minus_a=write(minus_a),
        minus_b=loud_minus,
        blind=CASE if blind else SHARP,
    )
    pairs = []
    for x, y in itertools.product(a, b):
        paths = literal_names(x, minus_a) & literal_needs(y, minus_b)
        turned = literal_needs(x, minus_a) & literal_names(y, minus_b)
        if paths or turned:
            pairs.append((written(x), written(y), {"/".join(p) for p in paths | turned}))
    if not pairs:
        assert found is None
    else:
        pattern_a, pattern_b, path = found
        assert (pattern_a, pattern_b.lower()) == pairs[0][:2]
        assert path.lower() in pairs[0][2]
    if found is not None:
        turned = collision(
            loud,
            write(a),
            minus_a=loud_minus,
            minus_b=write(minus_a),
            blind=CASE if blind else SHARP,
        )
        assert turned is not None


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        (["src/auth"], ["src/auth/login.py"], ("src/auth", "src/auth/login.py", "src/auth")),
        (["src/auth/**"], ["x", "src/auth"], ("src/auth/**", "src/auth", "src/auth")),
        (["src/auth/*.py"], ["src"], ("src/auth/*.py", "src", "src")),
        (["src/a*"], ["src/auth/login.py"], None),
        (["src/auth"], ["src/authx/login.py"], None),
        (["src/auth"], ["src/a*/login.py", "src/[a]uth/login.py", "**/auth/x"], None),
        (["src/{auth,x}"], ["src/auth/y"], ("src/{auth,x}", "src/auth/y", "src/auth")),
        (["a"], ["{a,b}/{,.}"], None),
        (["a"], ["{a,b}/{,.,x}"], ("a", "{a,b}/{,.,x}", "a")),
        (["src/a{b,{c,d*}e}"], ["src/ace/**"], ("src/a{b,{c,d*}e}", "src/ace/**", "src/ace")),
        (["{a,b}" * 8], ["b" * 8 + "/x"], ("{a,b}" * 8, "b" * 8 + "/x", "b" * 8)),
        (["{a,b}" * 9], ["b" * 9 + "/x"], None),
        (["b" * 9], ["{a,b}" * 9 + "/x"], None),
        (["x/" + "b" * 9], ["x/" + "{a,b}" * 9 + "/x", "x/b*/y"], None),
        (["x"], ["x/" + "{a,b}" * 9 + "/x"], ("x", "x/" + "{a,b}" * 9 + "/x", "x")),
        (["{a,b}{a,b}/{a,b}{a,b}/{a,b}{a,b}/{a,b}{a,b}"], ["aa/aa/aa/ab/x"], True),
        (["{a,b}{a,b}/{a,b}{a,b}/{a,b}{a,b}/{a,b}{a,b}{c,d}"], ["aa/aa/aa/abc/x"], None),
        ([r"app/\[id\]"], [r"app/\[id\]/page.tsx"], True),
        (["src//auth"], ["./src/auth/"], ("src//auth", "./src/auth/", "src/auth")),
        (["z", "a/b", "a"], ["a/x", "a/b/c", "z/y"], ("z", "z/y", "z")),
        (["a"], ["a/y", "a/x"], ("a", "a/y", "a")),
        (["a/b", "a"], ["a", "a/b"], ("a/b", "a", "a")),
        (["a"], ["A/x"], None),
        (["**"], ["a/x"], None),
    ],
)
def test_a_file_collides_with_a_folder_of_its_name(a, b, found):
    if found is True:
        found = (a[0], b[0], overlap(a, ["**"]))
        assert collision(a, b)[:2] == found[:2]
    else:
        assert collision(a, b) == found


def test_a_collision_on_a_file_system_that_is_blind():
    assert collision(["Src"], ["src/x"]) is None
    assert collision(["Src"], ["src/x"], blind=CASE) == ("Src", "src/x", "Src")
    assert collision(["src/x"], ["Src"], blind=CASE) == ("src/x", "Src", "Src")
    decomposed = "cafe\u0301/x"
    assert collision(["caf\u00e9"], [decomposed]) is None
    assert collision(["caf\u00e9"], [decomposed], blind=FORMS) == ("café", decomposed, "café")
    assert collision(["a"], ["A/*"], minus_b=["A/*"], blind=CASE) is None
    assert collision(["a"], ["A/*"], minus_b=["a/*"], blind=CASE) == ("a", "A/*", "a")


def test_what_is_taken_away_neither_names_nor_needs():
    assert collision(["a"], ["a/x"], minus_a=["?"]) is None
    assert collision(["a"], ["a/x"], minus_b=["**/x"]) is None
    assert collision(["a"], ["a/**"], minus_b=["a/x", "a/*/**"]) == ("a", "a/**", "a")
    assert collision(["a"], ["a/**"], minus_b=["a/*", "a/*/**"]) is None
    assert collision(["a"], ["a/x", "a/y"], minus_b=["a/x"]) == ("a", "a/y", "a")
    assert collision(["{a,b}"], ["a/x", "b/x"], minus_a=["a"]) == ("{a,b}", "b/x", "b")
    assert collision(["a"], ["a/x"], minus_b=["a"]) == ("a", "a/x", "a")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (PLAIN, [f"{path}/x" for path in LOUD]),
        ([f"{'{a,b}' * 8}{i}" for i in range(MANY)], ["a/b"]),
        ([f"{'{a,b}{a,b}/' * 4}{i}" for i in range(MANY)], ["a/b"]),
        (
            ["a/" * 500 + str(i) for i in range(MANY)],
            ["a/b", "a", *("a/" * i + "a" for i in range(499))],
        ),
        ([f"d{i}" for i in range(MANY)], [f"d{i}/*.py" for i in range(MANY)]),
    ],
)
def test_hostile_names_end_with_an_answer_or_a_refusal(a, b):
    for minus in ((), ("**/*.p?",)):
        for blind in (SHARP, CASE):
            try:
                found = collision(a, b, minus_b=minus, blind=blind)
            except BadPattern:
                continue
            assert found is None or found[0] in a


def test_ten_thousand_plain_files_are_looked_through_for_collisions():
    assert collision(PLAIN, OTHER) is None
    below = tuple(f"{path}/x" for path in reversed(PLAIN))
    assert collision(PLAIN, below) == (PLAIN[0], below[-1], PLAIN[0])


def test_the_head_of_a_pattern():
    assert head("./src/a.py") == ("src/a.py", True)
    assert head(r"a\*b") == ("a*b", True)
    assert head("src/") == ("src/", False)
    assert head("src/a*.py") == ("src/a", False)
    assert head("{a,b}/c") == ("", False)
    assert head("**") == ("", False)


# What can be written


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("../x", "`..`"),
        ("a/../../x", "`..`"),
        ("./a", "`.`"),
        ("a//b", "empty segment"),
        ("a/", "empty segment"),
        ("a\0b", "control"),
        ("a\nb", "control"),
        ("a\x85b", "control"),
        ("C:/x", "drive"),
        ("c:x", "drive"),
        ("a\\b", "backslash"),
        (".git/config", "git"),
        ("a/.GIT/hooks/x", "git"),
        (".git", "git"),
        (".git /x", "space"),
        (".Git./x", "dot"),
        (".git. ./x", "dot"),
        (".git::$INDEX_ALLOCATION/x", "git"),
        ("GIT~1/x", "git"),
        (".g\u200cit/x", "invisible"),
        ("\ufeff.git/x", "invisible"),
        (".partita/x", "Partita"),
        (".Partita", "Partita"),
        ("a./b", "dot"),
        ("x" * 256, "255 bytes"),
        ("é" * 128, "255 bytes"),
        ("a/" * 500 + "b", "1,000"),
        ("cafe\u0301.py", "NFC"),
        ("\ud800", "UTF-8"),
    ],
)
def test_a_path_that_can_not_be_written_is_named_with_its_reason(path, why):
    assert why in str(bad_path(path))
    assert not Scope(touch=("**",)).may_write(path)


@pytest.mark.parametrize(
    "path",
    [
        ".gitignore",
        ".github/x.yml",
        "a/.partita/x",
        "app/[id]/page.tsx",
        "git~10",
        "x y",
        "..a",
        "x" * 255,
        "a/" * 499 + "bc",
        "é" * 127,
    ],
)
def test_a_path_like_a_forbidden_one_can_be_written(path):
    assert bad_path(path) is None
    assert Scope(touch=("**",)).may_write(path)


@LAW
@given(st.text("aG.git ~1:\\/\u200c\x07\ud800", min_size=1, max_size=8))
def test_what_can_not_be_written_is_a_language_to_compare(path):
    assume(not any(part in ("", ".", "..") for part in path.split("/")))
    assume(unicodedata.is_normalized("NFC", path))
    assert (bad_path(path) is not None) == any(matches(p, path) for p in UNWRITABLE)


scopes = st.builds(
    lambda touch, forbid: Scope(touch=texts(touch), forbid=texts(forbid)), lists(), lists()
)


@LAW
@given(scopes, scopes)
def test_two_scopes_that_do_not_overlap_never_both_write_a_path(a, b):
    found = a.overlaps(b)
    both = [p for p in SHORT if a.may_write(p) and b.may_write(p)]
    if found is None:
        assert both == []
    else:
        assert a.may_write(found)
        assert b.may_write(found)
        assert len(found) == min(map(len, both), default=len(found))
    assert (a.language & b.language).witness() == found
    assert b.overlaps(a) == found


@LAW
@given(scopes, scopes)
def test_two_scopes_that_do_not_overlap_blind_to_case_never_write_one_file(a, b):
    found = a.overlaps(b, blind=CASE)
    theirs = {path.lower() for path in SHORTER if b.may_write(path)}
    both = [path for path in SHORTER if a.may_write(path) and path.lower() in theirs]
    if found is None:
        assert both == []
    else:
        assert a.may_write(found)
        assert len(found) == min(map(len, both), default=len(found))


@LAW
@given(scopes, scopes)
def test_a_scope_within_another_writes_nothing_that_the_other_may_not(a, b):
    found = a.within(b)
    more = [path for path in SHORT if a.may_write(path) and not b.may_write(path)]
    if found is None:
        assert more == []
    else:
        assert a.may_write(found)
        assert not b.may_write(found)
        assert len(found) == min(map(len, more), default=len(found))


@LAW
@given(scopes)
def test_the_language_of_a_scope_is_what_it_may_write(scope):
    assert [p for p in SHORT if scope.language.accepts(p)] == [
        p for p in SHORT if scope.may_write(p)
    ]
    found = scope.example()
    shortest = min((len(p) for p in SHORT if scope.may_write(p)), default=None)
    if found is None:
        assert shortest is None
    else:
        assert scope.may_write(found)
        assert shortest in (None, len(found))


def test_scopes_that_share_only_what_nobody_writes_do_not_overlap():
    assert Scope(touch=(".git/**",)).overlaps(Scope(touch=("**/.git/*",))) is None
    assert Scope(touch=(".GIT/**",)).overlaps(Scope(touch=("**/.git/*",)), blind=CASE) is None
    assert Scope(touch=("**/.git/*", "a")).overlaps(Scope(touch=("**",))) == "a"
    assert Scope(touch=("a.",)).overlaps(Scope(touch=("a.",))) is None
    assert Scope(touch=("*\\\\*",)).example() is None
    assert Scope(touch=("a?b",), forbid=("a[!\x01]b",)).example() is None
    assert overlap(("[!\x01-\U0010ffff]",), ("?",)) is None  # but NUL, that is
    assert Scope(touch=(".git/x",)).within(Scope(touch=("a",))) is None


def test_a_forbidden_part_is_taken_out_of_the_scope():
    mine = Scope(touch=("src/**",), forbid=("src/auth/**",))
    assert mine.overlaps(Scope(touch=("src/auth/*.py",))) is None
    assert mine.overlaps(Scope(touch=("src/*/login.py",))) == "src/a/login.py"
    assert Scope(touch=("src/auth/*.py",)).overlaps(mine) is None
    assert mine.may_write("src/a.py")
    assert not mine.may_write("src/auth/a.py")
    assert mine.within(Scope(touch=("src/**",))) is None
    assert Scope(touch=("src/**",)).within(mine) == "src/auth/a"


def test_the_scope_of_a_task():
    task = Task(id="t", objective="", touch=("a",), read=("b",), forbid=("c",))
    assert scope_of(task) == Scope(touch=("a",), read=("b",), forbid=("c",))
