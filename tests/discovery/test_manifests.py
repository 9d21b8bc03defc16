"""What manifests declare, by exact names."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.discovery.frameworks import frameworks
from partita.core.discovery.manifests import is_manifest, read

PYPROJECT = """
[project]
name = "todo"
dependencies = ["FastAPI>=0.100", "SQLAlchemy[asyncio] ; python_version > '3'", "flask-login"]
[project.optional-dependencies]
cli = ["click"]
[project.scripts]
todo = "todo.cli:main"
[dependency-groups]
dev = ["pytest", {include-group = "cli"}]
[tool.pytest.ini_options]
testpaths = ["tests"]
"""


def test_a_pyproject_gives_dependencies_scripts_and_its_test_runner():
    found = read("pyproject.toml", PYPROJECT)
    assert found.dependencies == {
        "python:fastapi",
        "python:sqlalchemy",
        "python:flask-login",
        "python:click",
        "python:pytest",
    }
    assert found.starts == ("todo = todo.cli:main",)
    assert found.test == "python -m pytest"


GO_MOD = """module example.com/x
require (
\tgithub.com/labstack/echo/v4 v4.1.0 // indirect
)
require github.com/spf13/cobra v1.0.0
"""


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        (
            "requirements.txt",
            "Django>=4 # web\n-r other.txt\n\n# flask\nZope.Interface\n",
            "python:django python:zope-interface",
        ),
        ("requirements-dev.txt", "pytest", "python:pytest"),
        ("dev_requirements.in", "pytest", "python:pytest"),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n    flask>=2\n    click\n",
            "python:flask python:click",
        ),
        (
            "setup.py",
            "setup(install_requires=['flask>2'], extras_require={'a': ['click']})",
            "python:flask python:click",
        ),
        (
            "Pipfile",
            "[packages]\nflask = '*'\n[dev-packages]\npytest = '*'\n",
            "python:flask python:pytest",
        ),
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\npython='^3'\nflask='^2'\n",
            "python:flask",
        ),
        (
            "pyproject.toml",
            "[tool.poetry.group.dev.dependencies]\npytest='*'\n",
            "python:pytest",
        ),
        (
            "package.json",
            '{"dependencies":{"react":"1"},"devDependencies":{"jest":"1"}}',
            "node:react node:jest",
        ),
        (
            "go.mod",
            GO_MOD,
            "go:github.com/labstack/echo go:github.com/spf13/cobra",
        ),
        ("Cargo.toml", "[package]\nname='x'\n[dependencies]\naxum='0.7'\n", "rust:axum"),
        ("Gemfile", "gem 'rails', '~> 7'\n# gem 'sinatra'\n", "ruby:rails"),
        ("composer.json", '{"require":{"laravel/framework":"1"}}', "php:laravel/framework"),
        (
            "pom.xml",
            "<artifactId>spring-boot-starter-web</artifactId>",
            "java:spring-boot-starter-web",
        ),
        (
            "build.gradle",
            "implementation 'org.springframework.boot:spring-boot-starter:3.1'",
            "java:spring-boot-starter",
        ),
    ],
)
def test_each_ecosystem_declares_in_its_own_way(path, text, names):
    assert is_manifest(path)
    assert read(path, text).dependencies == frozenset(names.split())


@pytest.mark.parametrize(
    ("path", "text", "command"),
    [
        ("tox.ini", "[testenv]\ncommands = pytest {posargs}\n", "python -m pytest"),
        (
            "tox.ini",
            "[testenv:py]\ncommands =\n    python -m unittest\n",
            "python -m unittest discover",
        ),
        ("tox.ini", "[flake8]\nmax-line-length = 100\n", None),
        ("pytest.ini", "", "python -m pytest"),
        ("setup.cfg", "[tool:pytest]\n", "python -m pytest"),
        ("setup.cfg", "[metadata]\nname = pytest\n", None),
        ("Makefile", "lint:\n\truff\ntest : lint\n\tpytest\n", "make test"),
        ("Makefile", "latest:\n\techo\ntest := 3\n", None),
        ("package.json", '{"scripts":{"test":"vitest run"}}', "npm test"),
        (
            "package.json",
            '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}',
            None,
        ),
        ("package.json", '{"scripts":{"latest":"x"}}', None),
    ],
)
def test_a_test_command_is_what_is_declared_as_one(path, text, command):
    assert read(path, text).test == command


@pytest.mark.parametrize(
    ("path", "text", "starts"),
    [
        (
            "package.json",
            '{"name":"n","bin":"./b.js","scripts":{"start":"node ."}}',
            ("n = ./b.js", "npm start = node ."),
        ),
        ("package.json", '{"bin":{"a":"./a.js"}}', ("a = ./a.js",)),
        (
            "Dockerfile",
            'FROM x\nENTRYPOINT ["python"]\ncmd ["-m", "app"]\n',
            ('ENTRYPOINT ["python"]', 'CMD ["-m", "app"]'),
        ),
        ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n    a = b:c\n", ("a = b:c",)),
    ],
)
def test_what_starts_a_program_is_read(path, text, starts):
    assert read(path, text).starts == starts


def test_frameworks_go_by_exact_names():
    declared = [
        read("requirements.txt", "flask-login\nfastapi-users\nreact\nnextcloud\npytest-cov")
    ]
    assert frameworks(declared, ["flasky", "clicker", "next", "react"]) == ()


def test_frameworks_come_from_declarations_and_imports_alike():
    declared = [
        read("requirements.txt", "FastAPI"),
        read("package.json", '{"dependencies":{"next":"1"}}'),
    ]
    assert frameworks(declared, ["flask", "rest_framework", "os"]) == (
        "FastAPI",
        "Flask",
        "Django REST framework",
        "Next.js",
    )


KNOWN = ["pyproject.toml", "setup.cfg", "setup.py", "package.json", "Cargo.toml", "tox.ini"]
KNOWN += ["Pipfile", "go.mod", "Gemfile", "composer.json", "pom.xml", "Makefile", "Dockerfile"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["dependencies", "scripts", "bin", "name", "test", "require", "start"]),
            inner,
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from(KNOWN), st.text())
def test_no_manifest_is_too_odd(path, text):
    read(path, text)


@given(st.sampled_from(["package.json", "composer.json"]), json_values)
def test_json_of_any_shape_is_read(path, value):
    read(path, json.dumps(value))


@given(st.text(alphabet="[]abc=.\n '\":#;\t", max_size=120))
def test_settings_of_any_shape_are_read(text):
    for path in ("setup.cfg", "tox.ini", "pyproject.toml"):
        read(path, text)


DOTS = '[project]\ndependencies = ["flask"]\n[x]\n' + ".".join("a" * 400) + " = 1\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package.json", "[" * 90_000),
        ("package.json", '{"a":' * 15_000),
        ("package.json", "1" * 90_000),
        ("pyproject.toml", "a = " + "[" * 90_000),
        ("pyproject.toml", ".".join("a" * 40_000) + " = 1"),
        ("pyproject.toml", DOTS),
        ("setup.cfg", "[a]\nb" + " " * 90_000 + "c\n"),
        ("setup.py", "(" * 90_000),
        ("setup.cfg", "[options]\nname\n  more\n"),
        ("Gemfile", "gem " * 20_000),
        ("pyproject.toml", "x" * 5_000_000),
        ("pyproject.toml", '[project]\ndependencies = {a = 1}\nscripts = ["x"]\n'),
        ("pyproject.toml", 'project = "x"\ntool = 3\n'),
    ],
)
def test_manifests_made_to_break_a_reader_give_nothing(path, text):
    found = read(path, text)
    assert (found.dependencies, found.starts) == (frozenset(), ())
