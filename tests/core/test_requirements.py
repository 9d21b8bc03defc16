"""Manifests are read as data, and only plain requirements get through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.requirements import (
    MOST,
    asks_for,
    is_test,
    needs_pytest,
    specification,
    wanted,
)

REFUSED = [
    "-e .",
    "--index-url https://evil.example/simple",
    "-i https://evil.example",
    "--extra-index-url=https://evil.example",
    "git+https://evil.example/x.git",
    "x @ https://evil.example/x.whl",
    "x @ file:///etc/passwd",
    "file:///tmp/x.whl",
    "./x",
    "../x.whl",
    "/abs/x.whl",
    "x.whl --find-links /tmp",
    "${HOME}",
    "x; rm -rf /",
    "x`id`",
    "-r ../outside.txt",
    "-r /etc/passwd",
    "-c constraints.txt",
    "x==1 --config-settings=a=b",
    "-",
    "--",
    "x=1",
    "é",
]


@pytest.mark.parametrize("line", REFUSED)
def test_what_reaches_outside_the_index_is_noted_and_never_installed(line):
    for got in (wanted({"requirements.txt": line}), wanted({}, [line])):
        assert got.specs == ()
        assert len(got.notes) == 1


def test_notes_hold_no_credentials():
    (note,) = wanted({"requirements.txt": "--index-url https://ann:s3cret@example.org/"}).notes
    assert "s3cret" not in note


def test_plain_requirements_come_out_sorted_canonical_and_once():
    text = (
        "\ufeff# tools\r\nFastAPI[All, x] >= 0.100 , <1  # web\r\n"
        'uvloop; sys_platform != "win32"\r\nzope.interface\r\nfastapi[all,x]>=0.100,<1\r\n'
        "pinned==1.0 \\\n    --hash=sha256:abc \\\n    --hash=sha256:def\n"
    )
    got = wanted({"requirements.txt": text}, ["zope-interface"])
    assert got.specs == (
        "fastapi[all,x]>=0.100,<1",
        "pinned==1.0",
        'uvloop; sys_platform != "win32"',
        "zope-interface",
    )
    assert got.notes == ("requirements.txt: hashes are not checked",)


def test_included_files_are_read_once_and_only_inside_the_tree():
    files = {
        "requirements.txt": "-r requirements/base.txt\n--requirement=more.txt\n",
        "requirements/base.txt": "a\n-r ../requirements.txt\n-r ../../x.txt",
        "more.txt": "b",
        "docs-requirements.txt": "sphinx",
        "requirements-dev.txt": "c",
        "dev-requirements.in": "e",
        "requirements.in": "unpinned",
    }
    got = wanted(files)
    assert got.specs == ("a", "b", "c", "e")
    assert len(got.notes) == 1


PYPROJECT = """
[project]
name = "My_App"
dependencies = ["httpx>=0.27", "evil @ https://evil.example/e.whl", 3]
[project.optional-dependencies]
test = ["pytest>=8", "my-app[extra]"]
extra = ["rich"]
docs = ["sphinx"]
[dependency-groups]
dev = [{include-group = "lint"}, "coverage"]
lint = ["ruff", {include-group = "dev"}]
"""


def test_pyproject_gives_its_dependencies_and_the_groups_that_tests_need():
    got = wanted({"pyproject.toml": PYPROJECT})
    assert got.specs == ("coverage", "httpx>=0.27", "pytest>=8", "rich", "ruff")
    assert len(got.notes) == 2


def test_poetry_is_understood():
    text = """
[tool.poetry.dependencies]
python = "^3.11"
fastapi = "^0.110.2"
django = "^4.2"
a = "~1.2.3"
b = "*"
c = {version = ">=2,<3", extras = ["x"]}
d = {git = "https://evil.example/d.git"}
e = "1.4"
[tool.poetry.group.dev.dependencies]
pytest = "^8"
[tool.poetry.group.docs.dependencies]
sphinx = "*"
"""
    got = wanted({"pyproject.toml": text})
    assert got.specs == (
        "a>=1.2.3,<1.3",
        "b",
        "c>=2,<3",
        "django>=4.2,<5",
        "e==1.4",
        "fastapi>=0.110.2,<0.111",
        "pytest>=8,<9",
    )
    assert len(got.notes) == 1


def test_setup_cfg_is_read_and_setup_py_is_not_run():
    text = "[options]\ninstall_requires =\n  requests>=2\n  file: x.txt\n"
    text += "[options.extras_require]\ntest = pytest\ndocs = sphinx\n"
    got = wanted({"setup.cfg": text, "setup.py": "boom"})
    assert got.specs == ("pytest", "requests>=2")
    assert "setup.py is a program" in wanted({"setup.py": "boom"}).notes[0]


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "not [ toml"},
        {"pyproject.toml": "x=" + "[" * 50_000},
        {"pyproject.toml": "project = 1\ntool = []\ndependency-groups = {dev = 3}"},
        {"pyproject.toml": "[project]\ndependencies = 'x'\noptional-dependencies = {test = [[]]}"},
        {"setup.cfg": "no section"},
        {"requirements.txt": "x" * 1_000_000},
        {"requirements.txt": "a [" * 100_000},
        {"requirements.txt": "a" + " " * 100_000 + "!"},
    ],
    ids=range(8),
)
def test_broken_manifests_ask_for_nothing(files):
    assert wanted(files).specs == ()


def test_there_is_a_bound_to_what_is_installed():
    got = wanted({"requirements.txt": "\n".join(f"p{n}" for n in range(MOST + 50))})
    assert len(got.specs) == MOST
    assert "50 requirements" in got.notes[-1]


@given(st.text(max_size=60))
def test_a_specification_is_stable_and_never_an_option_or_a_path(text):
    spec = specification(text)
    if spec is not None:
        assert specification(spec) == spec
        assert spec[0].isalnum()
        assert "/" not in spec
        assert "@" not in spec


def test_names_are_compared_as_the_index_does():
    assert asks_for(["py-test[x]>=1"], "Py_Test")
    assert not asks_for(["pytest-cov"], "pytest")


@pytest.mark.parametrize(
    ("files", "needed"),
    [
        ({}, False),
        ({"tests/test_a.py": "import unittest\n"}, False),
        ({"tests/test_a.py": "    import pytest\n"}, True),
        ({"tests/test_a.py": "from pytest import raises\n"}, True),
        ({"tests/test_a.py": "def test_x(): ...\n"}, True),
        ({"tests/test_a.py": "class A:\n    def test_x(self): ...\n"}, False),
        ({"tests/conftest.py": ""}, True),
        ({"pytest.ini": ""}, True),
        ({"pyproject.toml": "[tool.pytest.ini_options]"}, True),
        ({"setup.cfg": "[tool:pytest]"}, True),
        ({"app/pytests.py": "import pytest"}, False),
    ],
)
def test_pytest_is_needed_where_unittest_would_miss_tests(files, needed):
    assert needs_pytest(files) is needed


@pytest.mark.parametrize(
    ("path", "yes"),
    [
        ("tests/helpers.py", True),
        ("app/test_x.py", True),
        ("x_test.py", True),
        ("conftest.py", True),
        ("app/testing.py", False),
        ("tests/data.json", False),
        ("app/contest.py", False),
    ],
)
def test_test_files_are_known_by_their_names(path, yes):
    assert is_test(path) is yes
