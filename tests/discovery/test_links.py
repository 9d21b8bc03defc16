"""Which files belong together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.discovery.links import by_subject, importers, links, subject_of


@pytest.mark.parametrize(
    ("path", "name", "target"),
    [
        ("src/app/api.py", "app.store", "src/app/store.py"),
        ("src/app/api.py", "src.app.store", "src/app/store.py"),
        ("tests/test_api.py", "app", "src/app/__init__.py"),
        ("main.py", "tools.run", "tools/run.py"),
        ("main.py", "store", None),  # not importable by that name
        ("main.py", "os", None),
        ("web/a.ts", "./b", "web/b.ts"),
        ("web/a.ts", "./b.js", "web/b.ts"),
        ("web/a.ts", "../web/ui", "web/ui/index.tsx"),
        ("web/a.ts", "../../../etc/passwd", None),
        ("web/a.ts", "react", None),
        ("c/a.c", "a.h", "c/a.h"),
        ("web/a.ts", "./a", None),  # itself
    ],
)
def test_imports_are_resolved_to_the_projects_files(path, name, target):
    files = [
        *("src/app/__init__.py", "src/app/api.py", "src/app/store.py", "tests/test_api.py"),
        *("main.py", "tools/run.py", "web/a.ts", "web/b.ts", "web/ui/index.tsx", "c/a.c", "c/a.h"),
    ]
    assert links(files, {path: [name]}) == ({path: (target,)} if target else {})


def test_importers_are_the_links_turned_round():
    assert importers({"b": ("c",), "a": ("c", "d")}) == {"c": ("a", "b"), "d": ("a",)}


def test_tests_are_found_by_the_name_of_what_they_test():
    tests = ["tests/test_store.py", "web/store.test.ts", "store_test.go", "StoreTest.java"]
    assert by_subject([*tests, "store.py", "tests/test_api.py"]) == {
        "store": tuple(tests),
        "api": ("tests/test_api.py",),
    }
    assert subject_of("src/app/store.py") == "store"


@given(
    st.lists(st.text(min_size=1, max_size=12).map(lambda s: s + ".py"), max_size=8),
    st.lists(st.text(max_size=12), max_size=8),
)
def test_no_import_is_too_odd(paths, names):
    linked = links(paths, dict.fromkeys([*paths, "x.ts"], names))
    assert {t for targets in linked.values() for t in targets} <= set(paths)
