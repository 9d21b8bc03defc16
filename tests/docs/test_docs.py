"""The documentation agrees with the program: commands, options, codes, files, numbers, links."""

import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import click
import pytest

from partita import errors
from partita.activities.analyse import BUDGETS
from partita.cli.check import CHECKS
from partita.cli.gc import Swept
from partita.cli.main import COMMANDS, cli
from partita.cli.request import LONGEST_REQUEST
from partita.core.budget import NANO
from partita.core.plan import Plan
from partita.core.planfile import PLAN_SCHEMA, read_plan
from partita.core.problems import TASKS, problems
from partita.core.question import ROLES
from partita.core.start import ACTIVITIES
from partita.ports.sandbox import Limits
from partita.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))

import answers  # noqa: E402 - the whole run that the tests of the command line use
from kit import Shell  # noqa: E402

from partita.testing.stub_provider import StubProvider  # noqa: E402

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(p.relative_to(ROOT)) for p in PAGES]
OF_A_REPOSITORY = ("docs/how-to/existing-repository.md", "docs/how-to/approve.md")
GIVEN = (  # files that examples name
    "plan.json",
    "spec.md",
    "recording.jsonl",
    "mended.json",
    "tasks.json",
    "reply.txt",
    "schema.json",
    "cases.jsonl",
    "app.py",
)
ALL = (*COMMANDS, *(f"check {name}" for name in CHECKS))


@cache
def page(name):
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page(name), re.MULTILINE | re.DOTALL)


def table(text):
    """The rows of all tables in the text, each a list of cells."""
    rows = re.findall(r"^\| (.*) \|$", text, re.MULTILINE)
    return [[c.strip() for c in re.split(r"(?<!\\)\|", row)] for row in rows]


def section(name, heading):
    found = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", page(name), re.MULTILINE | re.DOTALL
    )
    assert found, f"{name} has no section {heading}"
    return found[1]


def ticked(cell):
    return re.findall(r"`([^`]+)`", cell)


def command(name):
    found = cli
    for word in name.split():
        found = found.get_command(click.Context(found), word)
        assert found is not None
    return found


# Commands and options


@pytest.mark.parametrize("name", ALL)
def test_every_option_of_a_command_is_described_and_no_other(name):
    options = [p for p in command(name).params if isinstance(p, click.Option)]
    text = section("docs/reference/cli.md", f"`partita {name}`")
    described = [ticked(row[0])[0] for row in table(text)[1:]]
    assert sorted(o.split()[0] for o in described) == sorted(p.opts[0] for p in options)
    for option in options:
        shown = next(d for d in described if d.split()[0] == option.opts[0])
        assert (" " in shown) != option.is_flag, shown
        if isinstance(option.type, click.Choice):
            assert shown.split()[1] == "[" + r"\|".join(option.type.choices) + "]"


def test_every_command_has_a_section_and_no_section_outlives_its_command():
    found = re.findall(r"^## `partita ([\w ]+)`", page("docs/reference/cli.md"), re.MULTILINE)
    assert [name for name in found if " " not in name] == list(COMMANDS)
    assert sorted(found) == sorted(ALL)
    named = {m for row in table(page("docs/reference/cli.md")) for m in ticked(row[0])}
    assert named >= set(COMMANDS)


@pytest.mark.parametrize("name", ALL)
def test_every_command_explains_itself_and_gives_an_example(name):
    found = command(name)
    assert found.help
    assert all(p.help for p in found.params if isinstance(p, click.Option))
    assert found.epilog
    assert found.epilog.startswith(f"Example: partita {name}")


def examples():
    """Every `partita ...` line of the pages and of the help texts, with where it stands."""
    for name in NAMES:
        for block in blocks(name, "sh"):
            for line in block.splitlines():
                yield from ((name, part) for part in parts(line))
    for name in ALL:
        yield from (("--help", part) for part in parts(command(name).epilog[len("Example: ") :]))


def parts(line):
    """The arguments of each `partita` in a line of shell."""
    words, found = shlex.split(line, comments=True), []
    for word in [*words, "&&"]:
        if word == "&&":
            if found[:1] == ["partita"]:
                yield tuple(found[1:])
            found = []
        else:
            found.append(word)


def test_every_example_can_be_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in GIVEN:
        Path(name).write_text("{}")
    lines = sorted(set(examples()))
    assert {words[0] for _, words in lines} >= set(COMMANDS)
    for where, words in lines:
        try:
            name = next(
                (n for n in reversed(ALL) if words[: n.count(" ") + 1] == tuple(n.split())), ""
            )
            if name:
                command(name).make_context(name, list(words[name.count(" ") + 1 :]))
            else:
                cli.make_context("partita", list(words))
        except click.exceptions.Exit:
            assert {"--help", "--version"} & set(words), (where, words)
        except click.ClickException as e:
            pytest.fail(f"{where}: partita {shlex.join(words)}: {e.format_message()}")


def test_the_activities_that_do_takes_are_the_ones_described():
    text = section("docs/reference/cli.md", "`partita do`")
    assert [w for w in ticked(text.split("```")[0]) if w in ACTIVITIES][:9] == list(ACTIVITIES)
    for name in ACTIVITIES:
        assert name in command("do").help
        assert re.search(rf"\| {name} \|", page("docs/concepts/runs.md"))


@pytest.fixture
def shell(tmp_path):
    """At a prompt in an empty folder, with a home of its own and no model."""
    home, folder = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()
    (home / "gitconfig").write_text("[user]\n\tname = Una\n\temail = una@example.org\n")
    return Shell(folder=folder, home=home)


def test_the_examples_that_need_no_model_do_what_the_pages_say(shell):
    assert shell.partita("status").code == 2
    assert "git init" in shell.partita("status").err
    assert shell.partita("build", "Build a thing").code == 2
    shell.git("init", "-q", "-b", "main")
    assert shell.partita("init").code == 0
    assert shell.partita("init").code == 2
    assert shell.partita("init", "--force").code == 0
    assert tomllib.loads((shell.folder / "partita.toml").read_text()) == {}
    shell.commit_all()
    shell.extra = {"OPENAI_API_KEY": "fake"}
    prices = json.loads(shell.partita("models", "--json").out)["models"]
    assert {m["role"] for m in prices} == set(ROLES)
    assert {m["model"] for m in prices} == {"openai:gpt-5-mini"}
    assert set(prices[0]) == keys("models", each=True)
    done = shell.partita(
        "plan", "Tidy up the imports", "--no-model", "--out", "plan.json", "--json"
    )
    assert done.code == 0, done.err
    assert json.loads((shell.folder / "plan.json").read_text())["tasks"][0]["touch"] == ["**"]
    shell.extra = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    done = shell.partita("doctor", "--json")
    found = json.loads(done.out)
    assert done.code == 2  # nothing listens there
    assert set(found) == {"ok", "findings"}
    assert set(found["findings"][0]) == keys("doctor", each=True)


def test_the_lines_that_set_an_unknown_price_can_be_pasted(shell, tmp_path):
    shell.extra = {"OPENAI_API_KEY": "fake"}
    done = shell.partita("build", "Build a thing", "--model", "openai:brand-new")
    assert done.code == 2
    lines = done.err[done.err.index("[models.") :]
    file = tmp_path / "config.toml"
    file.write_text(lines.replace("DOLLARS", "1.25"))
    model = load_settings(user=file, environ={}, flags={}).models["openai:brand-new"]
    assert model.price is not None
    assert (model.price.input, model.price.output) == (1_250_000_000, 1_250_000_000)


def keys(name, *, each=False):
    """The keys of a command's JSON document, or of each entry of the list in it."""
    row = next(r for r in table(page("docs/reference/json-output.md")) if f"`{name}`" in r[0])
    whole, _, entry = row[1].partition("; each:")
    return set(ticked(re.sub(r"\([^()]*\)", "", entry if each else whole)))


# What a run tells and leaves behind


@pytest.mark.sandbox
def test_what_a_run_tells_and_leaves_behind_is_described(shell):
    text = page("docs/reference/json-output.md")
    described = {ticked(r[0])[0]: set(ticked(r[1])) for r in table(section_of_lines(text))[1:]}
    ending = next(json.loads(b) for b in blocks("docs/reference/json-output.md", "json")[1:])
    with StubProvider(answers.good()) as stub:
        shell.url = stub.url
        done = shell.partita("build", answers.REQUEST, "--depth", "quick", "--json")
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert set(lines[-1]) == set(ending)
    for line in lines[:-1]:
        told = set(line) - {"seq", "at", "run", "type"}
        assert told == described[line["type"]], line
    facts = json.loads(shell.partita("show", "--json").out)
    assert set(facts) == keys("show")
    status = json.loads(shell.partita("status", "--json").out)
    example = json.loads(blocks("docs/reference/json-output.md", "json")[0])
    assert (set(status), set(status["runs"][0])) == (set(example), set(example["runs"][0]))
    left_behind(shell.folder / ".partita")


@pytest.mark.sandbox
def test_what_did_not_land_waits_and_can_be_shown_and_replayed(shell):
    """As docs/how-to/approve.md and docs/how-to/resume-and-undo.md say."""
    with StubProvider(answers.good()) as stub:
        shell.url = stub.url
        done = shell.partita("build", answers.REQUEST, "--depth", "quick", "--approve")
        assert done.code == 3
        assert json.loads(shell.partita("status", "--json").out)["runs"][0]["status"] == "waiting"
        assert "partita approve" in shell.partita("status").out
        done = shell.partita("do", "build", answers.REQUEST, "--depth", "quick")
    assert done.code == 0, done.err
    kept = next(b for b in shell.branches() if b.endswith("/_result"))
    assert f"kept on the branch {kept}" in done.out
    assert "+def greet(name: str) -> str:" in shell.partita("show", "--part", "diff").out
    shell.url = ""
    done = shell.partita("replay")
    assert (done.code, "the same result" in done.out) == (0, True), done.err


def section_of_lines(text):
    return text[text.index("## Lines") :]


def left_behind(state):
    text = page("docs/reference/files-on-disk.md")
    top, _, rest = text.partition("## Of one run")
    named = {n.rstrip("/") for row in table(top) for n in ticked(row[0])}
    named |= {"runs/RUN", ".gitignore", "partita.db-wal", "partita.db-shm"}
    for path in state.iterdir():
        assert {path.name, f"{path.name}/RUN"} & named, path
    named = {n.split("/")[0] for row in table(rest) for n in ticked(row[0])}
    (run,) = (state / "runs").iterdir()
    assert {p.name for p in run.iterdir()} <= named


def test_every_event_that_is_described_can_happen():
    source = "\n".join(p.read_text() for p in (ROOT / "src").rglob("*.py"))
    text = section_of_lines(page("docs/reference/json-output.md"))
    for row in table(text)[1:]:
        for name in ticked(row[0]):
            assert f'"{name}"' in source, name
    handled = re.findall(r'case ((?:"[\w.]+"(?: \| )?)+)', inspect.getsource(progress_lines()))
    for name in re.findall(r'"([\w.]+)"', " ".join(handled)):
        assert f"`{name}`" in text, name


def test_every_event_that_can_happen_is_described():
    text = section_of_lines(page("docs/reference/json-output.md"))
    described = {name for row in table(text)[1:] for name in ticked(row[0])}
    family = "|".join(sorted({name.partition(".")[0] for name in described if "." in name}))
    named = re.compile(rf'"((?:{family})\.[a-z_]+)"')
    files = [*(ROOT / "src/partita/engine").glob("*.py"), *(ROOT / "src/partita/cli").glob("*.py")]
    files += (ROOT / "src/partita/activities").glob("*.py")
    told = {name for file in files for name in named.findall(file.read_text())}
    assert told - described == set()
    assert {"call.waiting", "budget.warned", "limits.alone", "planned.more"} <= told


def test_what_is_told_of_a_cleaning_is_described():
    assert set(Swept(really=True).facts()) == keys("gc")


def progress_lines():
    from partita.present.progress import line  # noqa: PLC0415 - only what it matches is wanted

    return line


# Errors and exit codes


def all_errors():
    def below(kind):
        return [kind, *(c for k in kind.__subclasses__() for c in below(k))]

    return [e for e in below(errors.PartitaError) if e.__module__ == errors.__name__]


def test_every_error_is_in_the_drawing_below_its_parent_and_with_its_exit_code():
    drawn, path, code = {}, [], {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│ ├└─]*)([A-Z]\w+)", line)
        if not found or ("─" not in found[1] and found[2] != "PartitaError"):
            continue
        depth, name = len(found[1]) // 3, found[2]
        path = [*path[:depth], name]
        drawn[name] = path[-2] if depth else ""
        said = re.search(r"exit (\d+)$", line)
        code[name] = int(said[1]) if said else code.get(drawn[name])
    every = all_errors()
    assert drawn == {
        e.__name__: "" if e is errors.PartitaError else e.__bases__[0].__name__ for e in every
    }
    for error in every[1:]:
        assert code[error.__name__] == error.exit_code, error


def test_every_error_and_code_is_on_the_page_of_exit_codes():
    name = "docs/reference/exit-codes.md"
    rows = table(section(name, "Errors behind the codes"))[1:]
    rows = [r for r in rows if ticked(r[0])]
    expected = [(e.__name__, str(e.exit_code)) for e in all_errors()[1:]]
    assert sorted((ticked(r[0])[0], r[1]) for r in rows) == sorted(expected)
    codes = {r[0] for r in table(page(name).partition("## Errors")[0]) if r[0].isdigit()}
    assert codes == {"0"} | {str(e.exit_code) for e in all_errors()}


# Numbers


def test_the_numbers_on_the_pages_are_the_defaults_of_the_code():
    settings, limits = Settings(), Limits()
    build = section("docs/reference/cli.md", "`partita build`")
    assert f"Default: `{settings.budget / NANO:.2f}`" in build
    assert f"Default: `{settings.depth}`" in build
    assert f"Default: {settings.max_parallel}." in build
    assert f"at most {LONGEST_REQUEST // 1024} KiB" in build
    assert f"{settings.budget / NANO:.2f} dollars" in page("docs/concepts/money.md")
    assert f"({settings.rounds} unless set)" in page("docs/concepts/evidence.md")
    assert settings.rounds == 3  # "at most three times", says the changelog
    assert f"at most {TASKS:,} tasks" in page("docs/reference/plan-file.md")
    bounds = " ".join(page("docs/concepts/sandbox.md").split())
    assert (
        f"{settings.test_seconds} seconds (the setting `test_seconds`), "
        f"{limits.memory // 2**30} GiB of memory, {limits.output // 2**20} MiB of output, "
        f"{limits.disk // 2**20} MiB of growth and {limits.processes} processes"
    ) in bounds
    low, mid, high = (f"{BUDGETS[d]:,}" for d in ("quick", "standard", "thorough"))
    depths = " ".join(page("docs/concepts/runs.md").split())
    assert f"up to about {low}, {mid} and {high} tokens" in depths


# Data


def test_the_published_schema_is_the_one_that_plans_are_read_by():
    assert json.loads(page("docs/plan.schema.json")) == PLAN_SCHEMA


def test_the_plan_on_the_page_can_run_and_every_key_is_described():
    name = "docs/reference/plan-file.md"
    (text,) = blocks(name, "json")
    plan = read_plan(json.loads(text))
    assert isinstance(plan, Plan)
    assert problems(plan) == ()
    properties = PLAN_SCHEMA["properties"]
    for heading, wanted in (
        ("The plan", properties),
        ("A task", properties["tasks"]["items"]["properties"]),
        ("A contract", properties["contracts"]["items"]["properties"]),
    ):
        described = [n for row in table(section(name, heading))[1:] for n in ticked(row[0])]
        assert sorted(described) == sorted(wanted)


@pytest.mark.parametrize("name", [n for n in NAMES if "```json" in page(n)])
def test_json_on_the_pages_is_json(name):
    for block in blocks(name, "json"):
        json.loads(block)


@pytest.mark.parametrize("name", [n for n in NAMES if "```toml" in page(n)])
def test_toml_on_the_pages_can_be_loaded_as_settings(name, tmp_path):
    text = "\n".join(blocks(name, "toml"))
    file = tmp_path / "config.toml"
    file.write_text(text)
    if name in OF_A_REPOSITORY:
        settings = load_settings(project=file, environ={}, flags={})
    else:
        settings = load_settings(user=file, environ={}, flags={})
    assert settings.origin


# Links


def slugs(text):
    """The anchors of a page's headings, as git hosts make them."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in heads}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_within_the_repository_leads_somewhere(name):
    text = re.sub(r"^```.*?^```", "", page(name), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), f"{name}: {target}"
        assert ROOT in file.resolve().parents
        assert not anchor or anchor in slugs(file.read_text()), f"{name}: {target}"


def test_every_page_can_be_reached_from_the_index():
    index = page("docs/index.md")
    for name in NAMES:
        if name.startswith("docs/") and name != "docs/index.md":
            assert f"({name.removeprefix('docs/')})" in index, name


def test_what_the_pages_make_is_in_the_makefile():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in NAMES:
        for block in blocks(name, "sh"):
            wanted = re.findall(r"^make ([a-z]+)", block, re.MULTILINE)
            assert set(wanted) <= targets, name


def test_the_picture_shows_a_landing_and_fetches_nothing():
    picture = (ROOT / "docs" / "picture.svg").read_text()
    assert picture.startswith("<svg")
    assert "Landed" in picture.replace("&#160;", " ")
    assert not re.search(r"url\(|@import|href=|<script|<image", picture.replace("url(#", "(#"))


def test_the_picture_can_be_drawn_again():
    done = subprocess.run(
        [sys.executable, "-c", "import runpy; runpy.run_path('docs/picture.py')"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_changelog_has_the_version_that_is_installed():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## [{version}]" in page("CHANGELOG.md")
