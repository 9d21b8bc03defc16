"""A question at a terminal is answered there, or given up as soon as it is settled elsewhere."""

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
from contextlib import contextmanager

import answers
import pytest
from moments import record, until

pytestmark = pytest.mark.sandbox

BUILD = ("build", answers.REQUEST, "--depth", "quick", "--approve")
GOOD = [answers.analysis(), answers.plan(), answers.core(), answers.web()]
ASKED = "Build this? [Y/n]: "
CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """A command at a terminal of its own: what it shows, what is typed, how it ends."""

    def __init__(self, shell, *args):
        self.master, side = pty.openpty()
        self.shown = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "partita", *args],
            cwd=shell.folder,
            env={**shell.env, "TERM": "dumb"},
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - for Ctrl-C
        )
        os.close(side)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            while data := os.read(self.master, 65536):
                self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        except OSError:
            return  # nobody has the other side open any more

    def until(self, text):
        until(lambda: text in self.shown, text)

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        code = self.process.wait(20)
        self.reader.join(5)
        return code


@contextmanager
def at_terminal(shell, *args):
    """The command at work, ended by force if it still is; a failure tells what it had shown."""
    terminal = Terminal(shell, *args)
    try:
        yield terminal
    except BaseException as e:
        e.add_note(f"partita {args}: {terminal.shown}")
        raise
    finally:
        if terminal.process.poll() is None:
            os.killpg(terminal.process.pid, signal.SIGKILL)
            terminal.process.wait()
        terminal.reader.join(5)
        os.close(terminal.master)


@contextmanager
def asked(shell, *args):
    """The command, as soon as it asks for approval and the run waits for it."""
    with at_terminal(shell, *args) as terminal:
        terminal.until(ASKED)
        assert record(shell).status == "waiting"
        yield terminal


def test_a_cancel_elsewhere_ends_the_question_and_resuming_puts_it_again(offering):
    shell, stub = offering(*GOOD)
    with asked(shell, *BUILD) as terminal:
        assert "cancelling" in shell.partita("cancel").out
        assert terminal.end() == 4
    run = record(shell)
    assert (run.status, run.exit) == ("interrupted", 4)
    assert "cancelled elsewhere\n" in terminal.shown
    assert f"partita resume {run.id}" in terminal.shown
    again = shell.partita("cancel")
    assert (again.code, f"run {run.id} rests already; partita resume" in again.out) == (0, True)
    assert json.loads(shell.partita("cancel", "--json").out)["cancelled"] is False
    with asked(shell, "resume") as terminal:
        assert "## Tasks" in terminal.shown
        terminal.type("\n")
        assert terminal.end() == 0
    assert (record(shell).status, len(stub.requests)) == ("landed", 4)


def test_an_approval_elsewhere_lets_the_run_go_on_and_ends_the_question(offering):
    shell, _ = offering(*GOOD)
    with asked(shell, *BUILD) as terminal:
        terminal.type("no, I")  # half an answer counts for nothing
        done = shell.partita("approve")
        assert (done.code, "resume" in done.out) == (0, False), done.out
        terminal.until("approved elsewhere\n")
        assert terminal.end() == 0
    assert record(shell).status == "landed"


def test_who_follows_a_run_that_waits_is_asked_too_and_the_first_answer_counts(offering):
    shell, _ = offering(*GOOD)
    with asked(shell, *BUILD) as owner, asked(shell, "resume") as follower:
        follower.type("n\n")
        owner.until("rejected elsewhere\n")
        assert (owner.end(), follower.end()) == (4, 4)
    assert "the plan was rejected: at the terminal" in owner.shown


@pytest.mark.parametrize(
    ("typed", "code", "status", "said"),
    [
        ("perhaps\nYes\n", 0, "landed", "Error: invalid input\n" + ASKED),
        (f"n{CTRL_D}{CTRL_D}", 4, "rejected", "the plan was rejected: at the terminal"),
        (CTRL_D, 4, "interrupted", "partita: stopped"),
        (CTRL_C, 4, "interrupted", "partita: stopped"),
    ],
    ids=["a word, then yes", "no without an end", "Ctrl-D", "Ctrl-C"],
)
def test_what_is_typed_at_the_question_is_the_answer(offering, typed, code, status, said):
    shell, _ = offering(*GOOD)
    with asked(shell, *BUILD) as terminal:
        terminal.type(typed)
        assert terminal.end() == code
    assert said in terminal.shown
    assert "fault in Partita" not in terminal.shown
    assert record(shell).status == status


def test_open_questions_are_put_with_their_defaults_and_can_be_cancelled_elsewhere(offering):
    doubts = [
        {"question": "Which greeting?", "default": "Hello"},
        {"question": "Which language?", "default": "English"},
    ]
    shell, _ = offering(answers.analysis(doubts=doubts), *GOOD[1:])
    with at_terminal(shell, *BUILD) as terminal:
        terminal.until("Which greeting? [Hello]: ")
        terminal.type("Good day\n")
        terminal.until("Which language? [English]: ")
        assert shell.partita("cancel").code == 0
        assert terminal.end() == 4
    assert "cancelled elsewhere\n" in terminal.shown
    with at_terminal(shell, "resume") as terminal:
        terminal.until("Which greeting? [Hello]: ")
        terminal.type("Good day\n\n")
        terminal.until(ASKED)
        terminal.type("n\n")
        assert terminal.end() == 4
    kept = shell.folder / ".partita/runs" / record(shell).id / "analysis.md"
    assert "Good day" in kept.read_text()
    assert "English" in kept.read_text()
