"""Path patterns drawn at random, each with a regular expression that says the same.

The expressions share nothing with our reading of patterns, so that they can judge it.
"""

import itertools
import re
from typing import NamedTuple

from hypothesis import strategies as st


class Drawn(NamedTuple):
    text: str
    regex: str


# `c` and `C` stand for all that is not named in a piece, `_` for what only the last class holds.
LETTERS = "abcABC_./"
plain_pieces = st.sampled_from(
    [
        Drawn("a", "a"),
        Drawn("b", "b"),
        Drawn("A", "A"),
        Drawn("?", "[^/]"),
        Drawn("[ab]", "[ab]"),
        Drawn("[!a]", "[^a/]"),
        Drawn("[A-a]", "[A-a]"),
    ]
)
pieces = plain_pieces | st.just(Drawn(".", r"\.")) | st.just(Drawn("{,b}", "b?"))
stars = st.just(Drawn("*", "[^/]*"))


def joined(parts):
    return Drawn("".join(p.text for p in parts), "".join(p.regex for p in parts))


def _segments(of):
    """Segments that are never empty by themselves, the lone star included."""
    alternative = st.lists(of | stars, min_size=1, max_size=2).map(joined)
    group = st.lists(alternative, min_size=1, max_size=3)
    braces = group.map(
        lambda alternatives: Drawn(
            "{" + ",".join(p.text for p in alternatives) + "}",
            "(?:" + "|".join(p.regex for p in alternatives) + ")",
        )
    )
    loose = st.lists(of | stars | braces, max_size=2)
    full = st.tuples(loose, of, loose).map(lambda t: joined([*t[0], t[1], *t[2]]))
    return full.filter(lambda t: t.text not in (".", "..")) | st.just(Drawn("*", "[^/]+"))


def patterns(of=pieces):
    parts = st.lists(_segments(of) | st.just(Drawn("**", "")), min_size=1, max_size=3)

    def whole(parts):
        out = ""
        for left, part in zip(reversed(range(len(parts))), parts, strict=True):
            if part.text == "**":
                out += "(?:[^/]+/)*" if left else "[^/]+(?:/[^/]+)*"
            else:
                out += part.regex + "/" * bool(left)
        return Drawn("/".join(p.text for p in parts), out)

    return parts.map(whole)


def lists(of=pieces, most=2):
    return st.lists(patterns(of), max_size=most)


def texts(drawn):
    return tuple(d.text for d in drawn)


def short_paths(letters, longest):
    """All well-formed paths over the letters, the shortest first."""
    return [
        path
        for size in range(1, longest + 1)
        for path in map("".join, itertools.product(letters, repeat=size))
        if not any(part in ("", ".", "..") for part in path.split("/"))
    ]


SHORT = short_paths("abcA_./", 4)
SHORTER = short_paths(LETTERS, 3)


def language(drawn, among=SHORT):
    """Those of the paths that lie in one of the patterns."""
    whole = [re.compile(d.regex) for d in drawn]
    return {path for path in among if any(regex.fullmatch(path) for regex in whole)}


def holds(drawn, path):
    return bool(language(drawn, [path]))
