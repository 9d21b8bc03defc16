"""The shape of a project: packages, entry points, tests, and what runs them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.discovery.manifests import is_manifest, read
from partita.core.discovery.survey import survey
from partita.core.discovery.symbols import symbols


def shape(files):
    paths = sorted(files)
    imports = {p: symbols(p, files[p]).imports for p in paths}
    return survey(paths, files, imports, [read(p, files[p]) for p in paths if is_manifest(p)])


@pytest.mark.parametrize(
    ("files", "packages"),
    [
        (["src/todo/__init__.py", "src/todo/api/routes.py", "tests/__init__.py"], ("todo",)),
        (["src/todo/main.py"], ("todo",)),  # a package of a src layout needs no __init__.py
        (["todo/__init__.py", "todo/sub/__init__.py", "docs/__init__.py"], ("todo",)),
        (["todo/main.py"], ()),
        (["todo.py", "setup.py", "conftest.py", "test_todo.py", "manage.py"], ("todo",)),
        (["a-b.py", "src/c-d/__init__.py"], ()),
        (["libs/one/pyproject.toml", "libs/one/src/one/__init__.py"], ("one",)),
        (["libs/one/src/one/__init__.py"], ()),
        ([], ()),
    ],
)
def test_packages_are_what_can_be_imported_from_a_root(files, packages):
    assert shape(dict.fromkeys(files, "")).packages == packages


GUARD = 'if __name__ == "__main__":\n    run()\n'


def test_entry_points_are_scripts_guards_and_main_modules():
    files = {
        "pyproject.toml": '[project.scripts]\ntodo = "todo.cli:main"\n',
        "main.py": "import x\n" + GUARD,
        "app.py": "app = 1\n",
        "helper.py": GUARD,
        "todo/__main__.py": "",
        "cmd/todo/main.go": "",
        "package.json": '{"scripts":{"start":"node a\\u001b[2Jb"}}',
    }
    assert shape(files).entry_points == (
        "npm start = node a [2Jb",
        "todo = todo.cli:main",
        "cmd/todo/main.go",
        "main.py",
        "todo/__main__.py",
    )


PYTEST, UNITTEST = "python -m pytest", "python -m unittest discover"
UNIT = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): ...\n"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({}, None),
        ({"app.py": ""}, None),
        ({"tests/test_a.py": "import pytest\n"}, PYTEST),
        ({"tests/test_a.py": "def test_a(): ...\n"}, PYTEST),
        ({"tests/test_a.py": ""}, PYTEST),
        ({"tests/conftest.py": ""}, PYTEST),
        ({"pytest.ini": ""}, PYTEST),
        ({"requirements-dev.txt": "pytest\n", "Makefile": "test:\n\tx\n"}, PYTEST),
        ({"requirements.txt": "pytest-cov\n"}, None),
        ({"test_a.py": UNIT}, UNITTEST),
        ({"tests/test_a.py": UNIT}, UNITTEST + " -s tests"),
        ({"tests/__init__.py": "", "tests/test_a.py": UNIT}, UNITTEST),
        ({"tests/test_a.py": UNIT, "Makefile": "test:\n\tx\n"}, UNITTEST + " -s tests"),
        ({"a_test.py": UNIT}, UNITTEST + ' -p "*_test.py"'),
        ({"x; rm -rf/test_a.py": UNIT}, UNITTEST),
        ({"test_a.py": UNIT, "test_b.py": "def test_b(): ...\n"}, PYTEST),
        (
            {"manage.py": "", "shop/tests.py": "from django.test import TestCase\n"},
            "python manage.py test",
        ),
        ({"Makefile": "test:\n\tx\n"}, "make test"),
        ({"web/Makefile": "test:\n\tx\n"}, None),
        ({"package.json": '{"scripts":{"test":"jest"}}'}, "npm test"),
        ({"go.mod": "module x\n", "a_test.go": ""}, "go test ./..."),
        ({"go.mod": "module x\n", "a.go": ""}, None),
        ({"Cargo.toml": "[package]\nname='x'\n"}, "cargo test"),
        ({"spec/a_spec.rb": ""}, "bundle exec rspec"),
    ],
)
def test_the_test_command_follows_the_best_evidence(files, command):
    assert shape(files).test_command == command


@given(st.dictionaries(st.text(min_size=1, max_size=30), st.text(max_size=60), max_size=10))
def test_no_set_of_files_is_too_odd(files):
    found = shape(files)
    assert set(found.test_files) | set(found.documents) <= set(files)
    assert all(e.isprintable() for e in found.entry_points)
