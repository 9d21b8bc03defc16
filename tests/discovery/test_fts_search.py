"""Ranking, with SQLite's index and without it."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.adapters.search import FtsSearch
from partita.core.discovery.words import terms, words
from partita.ports.search import Document


class WithoutFts(sqlite3.Connection):
    """An SQLite that was built without FTS5."""

    def execute(self, sql, *more):
        if "fts5" in sql:
            raise sqlite3.OperationalError("no such module: fts5")
        return super().execute(sql, *more)


INDEXED = FtsSearch()
COUNTED = FtsSearch(lambda: sqlite3.connect(":memory:", factory=WithoutFts))
both = pytest.mark.parametrize("search", [INDEXED, COUNTED], ids=["fts5", "counts"])

DOCUMENTS = [
    Document(path="app/rate_limit.py", symbols="class TokenBucket", prose="Slows clients down."),
    Document(path="app/store.py", symbols="def saveUserName(self)", prose="Keeps users."),
    Document(path="app/views.py", symbols="def login_page()", prose="The pages."),
    Document(path="docs/intro.md", symbols="# Introduction", prose="About users and limits."),
    Document(path="empty.py"),
]


@both
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("rate limiting", "app/rate_limit.py"),
        ("RateLimit", "app/rate_limit.py"),
        ("token buckets", "app/rate_limit.py"),
        ("the name of a user", "app/store.py"),
        ("save_user_name", "app/store.py"),
        ("saveUserName", "app/store.py"),
        ("login pages", "app/views.py"),
    ],
)
def test_words_find_names_in_either_case_style(search, query, first):
    assert search.rank(DOCUMENTS, query, limit=10)[0] == first


@both
def test_a_document_without_a_match_is_not_listed(search):
    assert search.rank(DOCUMENTS, "login", limit=10) == ("app/views.py",)
    assert search.rank(DOCUMENTS, "zebra", limit=10) == ()
    assert search.rank(DOCUMENTS, "the of a", limit=10) == ()
    assert search.rank([], "login", limit=10) == ()


@both
def test_the_limit_holds_and_ties_go_by_path(search):
    same = [Document(path=f"{c}/login.py") for c in "cab"]
    assert search.rank(same, "login", limit=2) == ("a/login.py", "b/login.py")
    assert search.rank(same, "login", limit=0) == ()


@both
@pytest.mark.parametrize(
    "query",
    [
        '"',
        "a OR",
        "NEAR(",
        "path:x",
        "login AND",
        "* ^ - +",
        "login'; DROP TABLE page",
        "\x00 login",
    ],
)
def test_no_query_is_a_syntax_error(search, query):
    expected = ("app/views.py",) if "login" in query else ()
    assert search.rank(DOCUMENTS, query, limit=10) == expected


odd = st.text(max_size=30) | st.sampled_from(
    ["\ud800", "\x00", "e\u0301a", "\u0130", "\U0001f600 a", "a" * 999]
)


@given(st.lists(st.tuples(odd, odd, odd), max_size=6), odd, st.integers(-1, 5))
def test_any_text_can_be_indexed_and_asked_for(rows, query, limit):
    documents = [Document(path=p, symbols=s, prose=t) for p, s, t in rows]
    for search in (INDEXED, COUNTED):
        best = search.rank(documents, query, limit=limit)
        assert best == search.rank(documents[::-1], query, limit=limit)
        assert set(best) <= {d.path for d in documents}
        assert len(best) == len(set(best)) <= max(0, limit)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rateLimit", ["rate", "limit", "ratelimit"]),
        ("HTTPServer2", ["http", "server2", "httpserver2"]),
        ("snake_case-kebab", ["snake", "case", "kebab"]),
        ("Stra\u00dfe", ["stra\u00dfe"]),
        ("", []),
    ],
)
def test_names_are_split_where_people_join_words(text, found):
    assert words(text) == found


def test_terms_are_distinct_bounded_and_free_of_stop_words():
    assert terms("Add the user to the Users of a user x") == ("add", "user", "users")
    assert len(terms(" ".join(f"word{n}" for n in range(500)))) == 64
