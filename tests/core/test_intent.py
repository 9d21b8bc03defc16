"""What a request settles by itself, and above all what it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.intent import kind_hint, named_paths, opening, target_hint

SETTLED_IN_A_REPOSITORY = [
    ("Explain how the scheduler works", "explain"),
    ("explain the cache.", "explain"),
    ("Please describe the data model", "explain"),
    ("How does login work?", "explain"),
    ("how do the workers share a queue", "explain"),
    ("What is the purpose of core/codec.py?", "explain"),
    ("Why does the build take ten minutes?", "explain"),
    ("Where are sessions stored?", "explain"),
    ("Which module owns retries?", "explain"),
    ("Tell me how the cache is invalidated", "explain"),
    ("Could you explain what `decide` does?", "explain"),
    ("Fix the login redirect", "fix"),
    ("fix: crash on an empty cart", "fix"),
    ("fix(auth): crash on logout", "fix"),
    ("Please fix the flaky test in tests/test_pool.py", "fix"),
    ("Fix the off-by-one error and add a regression test", "fix"),
    ("Fix it.", "fix"),
    ("Hi, can you repair the CSV export?", "fix"),
    ("Fix the password reset page", "fix"),
    ("Refactor the payment module", "refactor"),
    ("Rename User to Account everywhere", "refactor"),
    ("Restructure the settings package and add tests", "refactor"),
    ("We need to refactor `store.py`", "refactor"),
    ("Write tests for the parser", "test"),
    ("Add tests", "test"),
    ("add more unit tests for src/store.py", "test"),
    ("Add a test for the empty cart", "test"),
    ("Write some missing integration tests around billing.", "test"),
    ("Increase test coverage of the ledger", "test"),
    ("Cover the parser with tests", "test"),
    ("Create a regression test for issue 12", "test"),
    ("I'd like you to write property-based tests for the codec", "test"),
    ("Add a password reset page", "feature"),
    ("Add rate limiting to the login endpoint", "feature"),
    ("add a latest-news page", "feature"),
    ("Add a test page to the admin area", "feature"),
    ("Add test mode to the payment form", "feature"),
    ("Add a prefix option to the exporter", "feature"),
    ("Implement OAuth login", "feature"),
    ("Extend the report with totals", "feature"),
    ("Introduce a cache for search results and add tests", "feature"),
    ("Add create, rename and delete endpoints", "feature"),
    ("- [ ] Add a dark mode", "feature"),
    ("# Add a dark mode\n\nThe user can switch.", "feature"),
]

UNSETTLED_IN_A_REPOSITORY = [
    "",
    "   \n\t ",
    "???",
    "Prefix all log lines with the request id",
    "Fixed-width fonts in the editor",
    "The fix for the login did not work",
    "Fixtures are slow",
    "Password reset",
    "Reset the password of a user",
    "Test the parser",
    "Testimonials page",
    "Build a latest-news page",
    "Create an admin area",
    "Make it faster",
    "Rename button is too small",
    "What about a dark mode?",
    "Why not add a dark mode?",
    "What if we cached this?",
    "How about a dark mode?",
    "How to deploy",
    "Explain why login fails and fix it",
    "Explain the cache. Then refactor it.",
    "Add a dark mode\nFix the login",
    "Write tests for the parser and fix what fails",
    "Fix the login and add a dark mode",
    "Add a null check to fix the crash",
    "Implement a fix for the crash",
    "Add documentation for the API",
    "Our login is slow. Fix it.",
    "Don't fix anything",
    "Explanation of the cache",
    "Additional logging",
    "Implementation of a queue",
    "Improve performance",
    "Создай сервис",
    "修复登录",
    "Reparar el inicio de sesión",
]


@pytest.mark.parametrize(("request_", "kind"), SETTLED_IN_A_REPOSITORY)
def test_a_leading_imperative_settles_the_kind(request_, kind):
    found, why = kind_hint(request_, empty=False)
    assert (found, bool(why)) == (kind, True)


@pytest.mark.parametrize("request_", UNSETTLED_IN_A_REPOSITORY)
def test_anything_less_than_certain_is_left_to_a_model(request_):
    found, why = kind_hint(request_, empty=False)
    assert found is None
    assert why


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ("Build a FastAPI todo service with CRUD, SQLite persistence and tests", "build"),
        ("Create a hello-world service", "build"),
        ("build a latest-news page", "build"),
        ("Add a todo service", "build"),
        ("Implement a URL shortener and explain the design in the README", "build"),
        ("Write a Python script that renames photos. Fix nothing else.", "build"),
        ("Explain what a monad is", "explain"),
        ("Fix the login", None),
        ("Refactor the store", None),
        ("Write tests for the parser", None),
        ("Make it faster", None),
        ("Todo service", None),
    ],
)
def test_in_an_empty_repository_making_is_building_and_mending_is_impossible(request_, kind):
    assert kind_hint(request_, empty=True)[0] == kind


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Please, could you add x", "add x"),
        ("Hello! I would like you to add x", "add x"),
        ("hello world service", "hello world service"),
        ("1. **Add** x", "Add** x"),
        ("let\u2019s add x", "add x"),
        ("Then also add x", "add x"),
        ("Pleased customers", "Pleased customers"),
    ],
)
def test_courtesies_are_stripped_as_whole_words(text, rest):
    assert opening(text) == rest


PATHS = (
    "README.md",
    "app/[id]/page.tsx",
    "docs/user guide.md",
    "src/app/__init__.py",
    "src/app/auth/login.py",
    "src/core/a.py",
    "tests/test_a.py",
    "x/utils.py",
    "y/utils.py",
)


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ("Fix src/app/auth/login.py.", ("src/app/auth/login.py",)),
        ("see ./src/app/auth/login.py:20", ("src/app/auth/login.py",)),
        ("the login.py file", ("src/app/auth/login.py",)),
        ("auth/login.py and (README.md)", ("src/app/auth/login.py", "README.md")),
        ("app/[id]/page.tsx is slow", ("app/[id]/page.tsx",)),
        ('open "docs/user guide.md"', ("docs/user guide.md",)),
        ("in `core`, please", ("src/core",)),
        ("the tests folder", ("tests",)),
        ("everything in folder tests", ("tests",)),
        ("all of src/core/", ("src/core",)),
        ("add tests to the app", ()),
        ("the core logic", ()),
        ("utils.py", ()),  # two files have that name
        ("x/utils.py", ("x/utils.py",)),
        ("../README.md /etc/passwd src/none.py", ()),
        ("readme.md", ()),
        ("", ()),
        (". .. / // ... ./", ()),
    ],
)
def test_paths_count_where_they_are_named_literally_and_exist(request_, found):
    assert named_paths(request_, PATHS) == found
    assert target_hint(request_, PATHS) == (found[0] if found else "")


@given(st.text(), st.booleans())
def test_no_request_is_too_odd_to_judge(text, empty):
    kind_hint(text, empty=empty)
    opening(text)


@given(st.text(), st.lists(st.text(min_size=1), max_size=20))
def test_what_is_named_exists(text, paths):
    folders = {p[:n] for p in paths for n, c in enumerate(p) if c == "/"}
    assert set(named_paths(text, paths)) <= {*paths, *folders}


@pytest.mark.parametrize("piece", [".", "...", "and ", ", ", "`", "(", "a/", "\n", " ", "#", "-"])
def test_long_runs_of_one_mark_are_read_through(piece):
    text = piece * 100_000 + "x"
    kind_hint(text, empty=False)
    named_paths(text, PATHS)
    opening(text)
