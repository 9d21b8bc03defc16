"""What is no usable request is refused in a sentence, for free; what is usable is taken whole."""

import json
import os

import answers
import pytest
from moments import log

QUICK = ("--depth", "quick")
LIMIT = 256 * 1024  # bytes of the longest request
WORDS = "notes.txt holds one line, and nothing reads it."


def refused(shell, stub, *args):
    """The complaint about a command that changes nothing and asks nobody."""
    before = sorted(p.name for p in shell.folder.iterdir())
    done = shell.partita(*args)
    assert (done.code, done.out) == (2, ""), done.err
    assert "Traceback" not in done.err
    assert sorted(p.name for p in shell.folder.iterdir()) == before
    assert stub.requests == []
    return done.err


@pytest.mark.parametrize("words", [(), ("",), (" \n\t\u3000 ",)], ids=["none", "empty", "blanks"])
def test_a_request_without_words_is_refused(words, shell, provider):
    assert "the request is empty" in refused(shell, provider, "build", *words)


FILES = {
    "empty.md": (b"\n\n", "the request is empty"),
    "long.txt": (b"word " * 1_000_000, "4883 KiB long; the most that is read is 256 KiB"),
    "binary.md": (bytes(range(256)), "binary.md is not text (UTF-8)"),
    "nul.md": (b"Build \0 it", "nul.md is not text: it holds NUL bytes"),
    "missing.md": (None, "there is no file missing.md"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_request_is_refused(name, shell, provider):
    data, why = FILES[name]
    if data is not None:
        (shell.folder / name).write_bytes(data)
    assert why in refused(shell, provider, "build", name)


def test_an_argument_that_is_not_text_is_refused(shell, provider):
    why = refused(shell, provider, "build", os.fsdecode(b"Build \xff\xfe"))
    assert "the request is not text" in why


COMMANDS = {
    ("bild", "x"): "No such command 'bild'",
    ("build", "x", "--deep"): "No such option '--deep'",
    ("build", "x", "--depth", "deep"): "'deep' is not one of",
    ("do", "guess", "x"): "'guess' is not one of",
    ("build", "--plan", "nowhere.json"): "'nowhere.json' does not exist",
    ("show", "last"): "not in a git repository",
}


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_a_command_line_that_makes_no_sense_is_refused(args, shell, provider):
    assert COMMANDS[args] in refused(shell, provider, *args)


def test_the_longest_request_is_taken_whole(repo, provider):
    text = "Build a hello service. " + "x" * (LIMIT - 31)
    repo.write("spec.md", f"{text} THE-END!")
    assert "257 KiB long" in repo.partita("plan", "spec.md", *QUICK).err
    repo.write("spec.md", f"{text} THE-END")
    done = repo.partita("plan", "spec.md", *QUICK)
    assert done.code == 0, done.err
    assert "THE-END" in provider.requests[0].texts[-1][1]


def test_a_long_argument_and_another_script_are_requests_like_any_other(repo, provider):
    for words in ("构建一个带测试的问候服务", "Build a hello service. " + "y" * 100_000):
        before = len(provider.requests)
        done = repo.partita("plan", words, *QUICK)
        assert done.code == 0, done.err
        assert words in provider.requests[before].texts[-1][1]
    assert repo.git("status", "--porcelain") == ""


def test_a_name_that_is_taken_is_refused_unless_it_is_confirmed_or_changed(repo, provider):
    repo.write("hello/mine.txt", "mine\n")
    repo.commit_all("in the way")
    command = ("build", answers.REQUEST, *QUICK, "--dry-run")
    done = repo.partita(*command)
    assert done.code == 2
    assert "would collide with 'hello', which is there already" in done.err
    assert "--name" in done.err
    assert "--yes" in done.err
    assert repo.git("status", "--porcelain") == ""
    lines = [json.loads(line) for line in repo.partita(*command, "--json").out.splitlines()]
    assert (lines[-1]["type"], lines[-1]["exit"]) == ("result", 2)
    assert "would collide" in lines[-1]["summary"]
    assert "--yes" in lines[-1]["remedy"]
    assert repo.partita(*command, "--yes").code == 0
    assert repo.partita(*command, "--name", "welcome").code == 0


def test_a_request_to_explain_is_answered_in_words_and_changes_nothing(offering):
    shell, stub = offering(answers.rule("", WORDS))
    head = shell.git("rev-parse", "HEAD")
    done = shell.partita("build", "Explain what notes.txt is for")
    assert (done.code, done.out) == (0, f"{WORDS}\n"), done.err
    assert shell.git("rev-parse", "HEAD") == head
    assert shell.git("status", "--porcelain") == ""
    assert shell.branches() == ["main"]
    assert len(stub.requests) == 1
    again = shell.partita("build", "Explain what notes.txt is for", "--json")
    *told, last = [json.loads(line) for line in again.out.splitlines()]
    assert [line["seq"] for line in told] == [event.seq for event in log(shell)]
    assert (last["exit"], last["status"], last["summary"]) == (0, "answered", WORDS)
