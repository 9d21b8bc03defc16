"""What a path alone says of a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.discovery.languages import (
    count,
    is_document,
    is_opaque,
    is_secret,
    is_test,
    language,
    own,
)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.py", "Python"),
        ("a/b.pyi", "Python"),
        ("web/App.TSX", "TypeScript"),
        ("x.mjs", "JavaScript"),
        ("main.go", "Go"),
        ("lib.rs", "Rust"),
        ("A.java", "Java"),
        ("a.h", "C"),
        ("a.hpp", "C++"),
        ("A.cs", "C#"),
        ("a.rb", "Ruby"),
        ("a.php", "PHP"),
        ("run.sh", "Shell"),
        ("index.html", "HTML"),
        ("a.scss", "CSS"),
        ("q.sql", "SQL"),
        ("README.md", "Markdown"),
        ("Dockerfile", "Dockerfile"),
        ("Dockerfile.dev", "Dockerfile"),
        ("Makefile", "Makefile"),
        ("LICENSE", None),
        (".gitignore", None),
        (".py", None),
        ("py", None),
        ("", None),
    ],
)
def test_a_language_is_known_by_the_files_name(path, name):
    assert language(path) == name


def test_languages_are_counted_most_first_and_then_by_name():
    paths = ["b.go", "a.py", "c.py", "z.css", "LICENSE"]
    assert count(paths) == (("Python", 2), ("CSS", 1), ("Go", 1))


@pytest.mark.parametrize(
    "path",
    [
        "node_modules/react/index.js",
        "web/node_modules/react/index.js",
        ".venv/lib/a.py",
        "a/site-packages/b.py",
        "vendor/github.com/x/y.go",
        "dist/app.js",
        "build/app.js",
        "web/dist/app.js",
        "target/debug/a.rs",
        "static/jquery.min.js",
        "a.js.map",
        "package-lock.json",
        "web/yarn.lock",
        "uv.lock",
        "Cargo.lock",
        "go.sum",
        "api/user_pb2.py",
    ],
)
def test_what_others_or_tools_wrote_is_not_the_projects_own(path):
    assert own([path, "web/package.json", "a.py"]) == ("web/package.json", "a.py")


@pytest.mark.parametrize(
    "path",
    [
        "src/build/plan.py",
        "shop/vendor/models.py",
        "app/dist/normal.py",
        "builder.py",
        "vendors.py",
        "src/distribution/a.py",
        "admin.js",
        "locks.py",
    ],
)
def test_folders_that_people_name_build_or_vendor_are_their_own(path):
    assert own([path]) == (path,)


@pytest.mark.parametrize(
    ("path", "tested"),
    [
        ("tests/test_a.py", True),
        ("pkg/test_a.py", True),
        ("a_test.py", True),
        ("shop/tests.py", True),
        ("a_test.go", True),
        ("src/a.test.tsx", True),
        ("a.spec.js", True),
        ("spec/a_spec.rb", True),
        ("src/test/java/ATest.java", True),
        ("tests/it.rs", True),
        ("tests/conftest.py", False),
        ("tests/__init__.py", False),
        ("tests/helpers.py", False),
        ("latest.py", False),
        ("contest.py", False),
        ("testimonials.py", False),
        ("attestation.go", False),
        ("src/fastest.ts", False),
    ],
)
def test_tests_are_known_by_naming_habits_not_by_substrings(path, tested):
    assert is_test(path) is tested


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        (".env", True),
        ("deploy/.env.production", True),
        (".env.example", False),
        ("certs/server.pem", True),
        ("id_rsa", True),
        ("id_rsa.pub", False),
        (".npmrc", True),
        ("credentials.json", True),
        ("secrets.yaml", True),
        ("secrets.py", False),
        ("monkey.py", False),
        ("keyboard.key.py", False),
    ],
)
def test_names_under_which_secrets_are_kept_are_known(path, secret):
    assert is_secret(path) is secret


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("README.md", True),
        ("readme", True),
        ("pkg/README.rst", True),
        ("PRD.md", True),
        ("AGENTS.md", True),
        ("CHANGELOG", True),
        ("docs/a/b.md", True),
        ("docs/conf.py", False),
        ("notes.md", False),
        ("readme.py", False),
        ("src/docs.md", False),
    ],
)
def test_documents_are_known_by_name_and_place(path, document):
    assert is_document(path) is document


@given(st.lists(st.text(max_size=40), max_size=20))
def test_no_path_is_too_odd(paths):
    kept = own(paths)
    assert set(kept) <= set(paths)
    count(paths)
    for path in paths:
        is_test(path), is_secret(path), is_document(path), is_opaque(path)
