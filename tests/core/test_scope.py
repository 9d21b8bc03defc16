"""Patterns, their overlap, and what a scope lets be written."""

import itertools
import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from interegular.comparator import Comparator
from strategies import LAW

from partita.core.scope import (
    BANNED,
    UNWRITABLE,
    BadPattern,
    Scope,
    bad_path,
    collision,
    literal,
    matches,
    normalise,
    overlap,
)

# A pattern is drawn together with a regular expression that says the same, so that the reference
# shares nothing with our reading of patterns.
plain_pieces = st.sampled_from(
    [
        ("a", "a"),
        ("b", "b"),
        ("A", "A"),
        ("?", "[^/]"),
        ("[ab]", "[ab]"),
        ("[!a]", "[^a/]"),
        ("[A-a]", "[A-a]"),
    ]
)
dotted = plain_pieces | st.just((".", r"\.")) | st.just(("{,b}", "b?"))
stars = st.just(("*", "[^/]*"))


def joined(pieces):
    return "".join(p for p, _ in pieces), "".join(r for _, r in pieces)


def segments(pieces):
    """Segments that are never empty by themselves, the lone star included."""
    alternative = st.lists(pieces | stars, min_size=1, max_size=2).map(joined)
    group = st.lists(alternative, min_size=1, max_size=3)
    braces = group.map(
        lambda alternatives: (
            "{" + ",".join(p for p, _ in alternatives) + "}",
            "(?:" + "|".join(r for _, r in alternatives) + ")",
        )
    )
    loose = st.lists(pieces | stars | braces, max_size=2)
    full = st.tuples(loose, pieces, loose).map(lambda t: joined([*t[0], t[1], *t[2]]))
    return full.filter(lambda t: t[0] not in (".", "..")) | st.just(("*", "[^/]+"))


def patterns(pieces):
    parts = st.lists(segments(pieces) | st.just(("**", None)), min_size=1, max_size=3)

    def whole(parts):
        out = ""
        for left, (_, regex) in zip(reversed(range(len(parts))), parts, strict=True):
            if regex is None:
                out += "(?:[^/]+/)*" if left else "[^/]+(?:/[^/]+)*"
            else:
                out += regex + "/" * bool(left)
        return "/".join(p for p, _ in parts), out

    return parts.map(whole)


SHORT = [
    path
    for size in range(1, 5)
    for path in map("".join, itertools.product("abA./", repeat=size))
    if not any(part in ("", ".", "..") for part in path.split("/"))
]


def language(regex):
    return {path for path in SHORT if re.fullmatch(regex, path)}


@LAW
@given(patterns(dotted))
def test_a_pattern_matches_what_its_regular_expression_does(pattern):
    text, regex = pattern
    assert {path for path in SHORT if matches(text, path)} == language(regex)


@LAW
@given(*[st.lists(patterns(dotted), max_size=2) for _ in range(4)])
def test_overlap_agrees_with_trying_every_short_path(a, b, minus_a, minus_b):
    def texts(drawn):
        return [text for text, _ in drawn]

    def paths(drawn):
        return set().union(*(language(regex) for _, regex in drawn))

    found = overlap(texts(a), texts(b), minus_a=texts(minus_a), minus_b=texts(minus_b))
    both = (paths(a) - paths(minus_a)) & (paths(b) - paths(minus_b))
    if found is None:
        assert not both
    else:
        for wanted, unwanted in ((a, minus_a), (b, minus_b)):
            assert any(re.fullmatch(regex, found) for _, regex in wanted)
            assert not any(re.fullmatch(regex, found) for _, regex in unwanted)


@LAW
@given(patterns(plain_pieces), patterns(plain_pieces))
def test_overlap_agrees_with_interegular(a, b):
    oracle = Comparator.from_regexes({"a": a[1], "b": b[1]})
    assert (overlap([a[0]], [b[0]]) is None) == oracle.isdisjoint("a", "b")


@LAW
@given(patterns(dotted), patterns(dotted))
def test_overlap_is_symmetric_and_its_witness_matches_both(a, b):
    found, turned = overlap([a[0]], [b[0]]), overlap([b[0]], [a[0]])
    assert (found is None) == (turned is None)
    if found is not None:
        assert matches(a[0], found)
        assert matches(b[0], found)


@LAW
@given(patterns(dotted), patterns(dotted), patterns(dotted))
def test_folding_finds_paths_that_differ_in_letter_case_only(a, b, minus):
    ours = language(a[1]) - language(minus[1])
    both = {p.lower() for p in ours} & {p.lower() for p in language(b[1])}
    found = overlap([a[0]], [b[0]], minus_a=[minus[0]], fold=True)
    if found is None:
        assert not both
    else:
        assert matches(a[0], found)
        assert not matches(minus[0], found)


def test_folding_knows_letters_beyond_ascii():
    assert overlap(["straẞe/Ä.py"], ["STRAßE/ä.py"], fold=True) == "straẞe/Ä.py"
    assert overlap(["src/*.py"], ["src/README.PY"], fold=True) == "src/README.py"
    assert overlap(["src/*.py"], ["src/README.PY"]) is None


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
    text = f"./{pattern[0]}//"
    once = normalise(text)
    assert normalise(once) == once
    assert overlap([once], [f"{pattern[0]}/**"]) is not None


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("./src//auth/", "src/auth/**"),
        ("src/**/**/x", "src/**/x"),
        (".", "**"),
        ("a/./b", "a/b"),
        ("docs/**/", "docs/**"),
        (r"app/\[id\]", r"app/\[id\]"),
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
        ("a[a-]", ["aa", "a-"], ["ab"]),
        (r"\*\{\?", ["*{?"], ["a{b"]),
        ("Src", ["Src"], ["src"]),
        ("{a,{b,c}d}", ["a", "bd", "cd"], ["b", "ad"]),
        ("{a*,*b}c", ["axc", "xbc"], ["xc", "xac"]),
    ],
)
def test_the_dialect(pattern, yes, no):
    assert [path for path in yes if not matches(pattern, path)] == []
    assert [path for path in no if matches(pattern, path)] == []


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (["**/**/**/*a*b*c"], ["**/**/**/*c*b*a"]),
        (["*a" * 500], ["?" * 1_000]),
        (["*ab" * 300], ["*ba" * 300]),
        (["{a,b}" * 100], ["{b,a}" * 100]),
        (["{a,}" * 60], ["{a,}" * 60]),
        ([f"**/*a{i}*" for i in range(100)], [f"**/*b{i}*" for i in range(100)]),
        ([f"x/*{chr(0x4E00 + i)}" for i in range(600)], ["x/*[!" + "ab" * 400 + "]"]),
    ],
)
def test_hostile_patterns_end_with_an_answer_or_a_refusal(a, b):
    for minus in ((), ("**/*a????????????????b",)):
        try:
            found = overlap(a, b, minus_a=minus, minus_b=minus)
        except BadPattern:
            continue
        assert found is None or any(matches(p, found) for p in a)


def test_a_pattern_that_needs_a_vast_machine_to_subtract_is_refused():
    with pytest.raises(BadPattern, match="intricate"):
        overlap(["[ab]" * 60], ["**"], minus_a=["*a" + "?" * 30])


def test_witnesses_read_like_paths():
    assert overlap(["src/**"], ["src/auth/*.py"]) == "src/auth/a.py"
    assert overlap(["**"], [".env"]) == ".env"


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        (["src/auth"], ["src/auth/login.py"], ("src/auth", "src/auth/login.py")),
        (["src/auth/**"], ["x", "src/auth"], ("src/auth/**", "src/auth")),
        (["src/a*"], ["src/auth/login.py"], None),
        (["src/auth"], ["src/authx/login.py"], None),
        ([r"app/\[id\]"], [r"app/\[id\]/page.tsx"], (r"app/\[id\]", r"app/\[id\]/page.tsx")),
    ],
)
def test_a_file_collides_with_a_folder_of_its_name(a, b, found):
    assert collision(a, b) == found


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
    [".gitignore", ".github/x.yml", "a/.partita/x", "app/[id]/page.tsx", "git~10", "x y", "..a"],
)
def test_a_path_like_a_forbidden_one_can_be_written(path):
    assert bad_path(path) is None
    assert Scope(touch=("**",)).may_write(path)


@LAW
@given(st.text("aG.git ~1:\\/\u200c\x07", min_size=1, max_size=8))
def test_what_can_not_be_written_is_a_language_to_compare(path):
    assume(not any(part in ("", ".", "..") for part in path.split("/")))
    assume(unicodedata.is_normalized("NFC", path))
    banned = any(low <= ord(char) <= high for char in path for low, high in BANNED)
    assert (bad_path(path) is not None) == (banned or any(matches(p, path) for p in UNWRITABLE))


scopes = st.builds(
    lambda touch, forbid: Scope(
        touch=tuple(t for t, _ in touch), forbid=tuple(t for t, _ in forbid)
    ),
    st.lists(patterns(dotted), max_size=2),
    st.lists(patterns(dotted), max_size=2),
)


@LAW
@given(scopes, scopes)
def test_two_scopes_that_do_not_overlap_never_both_write_a_path(a, b):
    found = a.overlaps(b)
    if found is None:
        assert [p for p in SHORT[:400] if a.may_write(p) and b.may_write(p)] == []
    else:
        assert a.may_write(found)
        assert b.may_write(found)


def test_scopes_that_share_only_what_nobody_writes_do_not_overlap():
    assert Scope(touch=(".git/**",)).overlaps(Scope(touch=("**/.git/*",))) is None
    assert Scope(touch=("**/.git/*", "a")).overlaps(Scope(touch=("**",))) == "a"
    assert Scope(touch=("*\\\\*",)).example() is None


def test_a_forbidden_part_is_taken_out_of_the_scope():
    mine = Scope(touch=("src/**",), forbid=("src/auth/**",))
    assert mine.overlaps(Scope(touch=("src/auth/*.py",))) is None
    assert mine.overlaps(Scope(touch=("src/*/login.py",))) == "src/a/login.py"
    assert mine.may_write("src/a.py")
    assert not mine.may_write("src/auth/a.py")
