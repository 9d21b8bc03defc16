"""The page about `partita check` is typed in, and what comes out is what the page shows."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from partita.core.reply.value import FilesRung, JsonRung

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))

from check_kit import answer  # noqa: E402 - the command line as its own tests ask it

PAGE = ROOT / "docs" / "how-to" / "check.md"
OUTPUT = ROOT / "docs" / "reference" / "json-output.md"


def test_the_examples_give_what_the_page_shows(tmp_path):
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PARTITA_DEBUG": "1",
    }
    names, shown = iter(("tasks.json", "plan.json")), 0
    for (kind, text), (then, expected) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "json":
            (tmp_path / next(names)).write_text(text)
        if kind != "sh" or then != "text":
            continue
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        start, more, _ = expected.partition("...\n")
        assert not done.stderr, text
        assert done.stdout.startswith(start), text
        assert more or done.stdout == start, text
        shown += 1
    assert shown == 5


def test_every_rung_and_key_of_an_answer_is_described():
    text = OUTPUT.read_text()
    part = text[text.index("## Checks") : text.index("## Lines")]
    for rung in (*get_args(JsonRung), *get_args(FilesRung)):
        assert f"`{rung}`" in part, rung
    scopes = {"tasks": {"a": {"touch": ["x"], "read": ["y"]}, "b": ["x", "y"]}}
    plan = {"name": "x", "tasks": [{"id": "a", "objective": "o", "touch": ["a"]}]}
    tag = '<file path="a" id="n">\nx\n</file n>\n<file path="b" op="delete" id="n"/>'
    said = (
        answer("scopes", stdin=scopes)[1],
        answer("overlap", "a", "a/b")[1],
        answer("plan", stdin=plan)[1],
        answer("reply", "--as", "json", stdin="{}")[1],
        answer("reply", "--as", "files", "--nonce", "n", stdin=tag)[1],
    )
    names = {"a", "b"}  # of tasks, in what is told for each
    for key in {key for document in said for key in keys_in(document)} - names:
        assert f"`{key}`" in part, key


def keys_in(value):
    if isinstance(value, dict):
        yield from value
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            yield from keys_in(each)
