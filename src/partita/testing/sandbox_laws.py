"""What every sandbox must keep: subclass in its tests and supply a `sandbox` fixture.

`SandboxLaws` holds for the scripted one too (which must answer the commands named below);
`ContainmentLaws` for those that really contain. A law takes the sandbox and an empty folder, and
needs no test framework, so that the same laws can be kept by another user in another process.
"""
# ruff: noqa: D102 - a law's name says what it is

import asyncio
import json
import os
import secrets
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from partita.ports.sandbox import Command, Limits, Outcome, Sandbox
from partita.testing import hostile

_MIB = 2**20
# With bounds so narrow that a law which is broken does no harm.
_LIMITS = Limits(seconds=20, memory=512 * _MIB, output=_MIB, disk=16 * _MIB, processes=64)

_DISK_FILLERS = (hostile.MANY_FILES, hostile.ONE_FILE, hostile.MANY_EMPTY_FILES, hostile.DEEP)

EXITS_WITH_3 = ("sh", "-c", "exit 3")
PRINTS = ("sh", "-c", "echo to standard output; echo to standard error >&2")
PRINTED = "to standard output\nto standard error\n"
SLEEPS = ("sleep", "600")


class SandboxLaws:
    """What holds for any sandbox, the scripted one included."""

    def test_an_exit_code_comes_through(self, sandbox: Sandbox, tmp_path: Path) -> None:
        outcome = _run(sandbox, Command(argv=EXITS_WITH_3, cwd=tmp_path, limits=_LIMITS))
        assert (outcome.exit, outcome.reason) == (3, "exited"), outcome

    def test_what_is_printed_comes_through(self, sandbox: Sandbox, tmp_path: Path) -> None:
        outcome = _run(sandbox, Command(argv=PRINTS, cwd=tmp_path, limits=_LIMITS))
        assert (outcome.exit, outcome.output) == (0, PRINTED), outcome

    def test_a_command_past_its_time_has_no_exit_code(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        limits = replace(_LIMITS, seconds=0.3)
        outcome = _run(sandbox, Command(argv=SLEEPS, cwd=tmp_path, limits=limits))
        assert (outcome.exit, outcome.reason) == (None, "timeout"), outcome

    def test_commands_at_once_keep_their_own_outcomes(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        async def all_at_once() -> list[Outcome]:
            commands = [Command(argv=a, cwd=tmp_path) for a in (EXITS_WITH_3, PRINTS) * 3]
            return await asyncio.gather(*map(sandbox.run, commands))

        outcomes = asyncio.run(all_at_once())
        assert [o.exit for o in outcomes] == [3, 0] * 3, outcomes
        assert [o.output for o in outcomes] == ["", PRINTED] * 3, outcomes


class ContainmentLaws(SandboxLaws):
    """What holds for a sandbox that may run generated code."""

    def test_it_says_that_it_counts(self, sandbox: Sandbox) -> None:
        assert sandbox.isolation.counts
        assert sandbox.isolation.tree_killed

    def test_loopback_services_of_the_host_are_out_of_reach(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            assert _tries(sandbox, tmp_path, hostile.CONNECT, server.getsockname()[1]) == "refused"

    def test_abstract_sockets_of_the_host_are_out_of_reach(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        name = f"partita-law-{secrets.token_hex(8)}"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(f"\0{name}")
            server.listen()
            assert _tries(sandbox, tmp_path, hostile.CONNECT_ABSTRACT, name) == "refused"

    def test_there_is_no_way_out(self, sandbox: Sandbox, tmp_path: Path) -> None:
        assert _tries(sandbox, tmp_path, hostile.SEND_OUTSIDE) == "refused"

    def test_loopback_works_inside(self, sandbox: Sandbox, tmp_path: Path) -> None:
        assert _tries(sandbox, tmp_path, hostile.OWN_LOOPBACK) == "done"

    def test_the_network_is_there_only_when_asked_for(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            assert _tries(sandbox, tmp_path, hostile.CONNECT, port, network=True) == "done"

    def test_the_worktree_is_seen_as_w_and_can_be_written(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        code = "import os; open('new', 'w').write(os.getcwd())"
        outcome = _python(sandbox, tmp_path, code)
        assert outcome.exit == 0, outcome
        assert (tmp_path / "new").read_text() == "/w"

    def test_nothing_else_can_be_written(self, sandbox: Sandbox, tmp_path: Path) -> None:
        tree, outside = _folders(tmp_path)
        places = ["/", "/usr", "/etc", "/dev", "/proc/sys/kernel", str(outside)]
        outcome = _python(sandbox, tree, hostile.CREATE_IN, *places)
        assert outcome.output == "", outcome
        assert list(outside.iterdir()) == []

    def test_settings_of_the_kernel_can_not_be_written(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        paths = [
            "/proc/sys/kernel/core_pattern",
            "/proc/sysrq-trigger",
            "/proc/sys/vm/overcommit_memory",
        ]
        assert _python(sandbox, tmp_path, hostile.OPEN_TO_APPEND, *paths).output == ""

    def test_a_secret_outside_can_not_be_read(self, sandbox: Sandbox, tmp_path: Path) -> None:
        tree, outside = _folders(tmp_path)
        (outside / "secret").write_text("s3cret")
        paths = [str(outside / "secret"), "/etc/shadow", str(Path.home() / ".profile")]
        assert _python(sandbox, tree, hostile.OPEN_TO_READ, *paths).output == ""

    def test_the_folders_of_the_host_are_not_there(self, sandbox: Sandbox, tmp_path: Path) -> None:
        outcome = _python(sandbox, tmp_path, hostile.LIST_ROOTS)
        assert outcome.exit == 0, outcome
        assert set(outcome.output.split()) & {"boot", "home", "run", "sys", "var"} == set()
        assert set(outcome.output.split()) >= {"usr", "w"}, outcome

    def test_read_only_folders_are_at_their_own_places(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        tree, shown = _folders(tmp_path)
        (shown / "file").write_text("shown")
        command = Command(
            argv=("sh", "-c", f"cat {shown}/file; echo changed > {shown}/file; touch {shown}/new"),
            cwd=tree,
            readonly=(shown,),
            limits=_LIMITS,
        )
        assert _run(sandbox, command).output.startswith("shown")
        assert (shown / "file").read_text() == "shown"
        assert not (shown / "new").exists()

    def test_writable_folders_are_at_their_own_places(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        tree, shown = _folders(tmp_path)
        argv = (
            "sh",
            "-c",
            f"echo built > {shown}/new && mkdir {shown}/a && mv {shown}/new {shown}/a",
        )
        command = Command(argv=argv, cwd=tree, writable=(shown,), limits=_LIMITS)
        assert _run(sandbox, command).exit == 0
        assert (shown / "a" / "new").read_text() == "built\n"

    def test_a_link_out_of_the_worktree_leads_nowhere(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        tree, outside = _folders(tmp_path)
        (outside / "file").write_text("before")
        (tree / "to_file").symlink_to(outside / "file")
        (tree / "to_folder").symlink_to(outside)
        _python(sandbox, tree, hostile.CREATE_IN, "to_folder")
        _python(sandbox, tree, hostile.OPEN_TO_APPEND, "to_file", "to_folder/file")
        assert [p.name for p in outside.iterdir()] == ["file"]
        assert (outside / "file").read_text() == "before"

    def test_the_git_file_can_not_be_changed(self, sandbox: Sandbox, tmp_path: Path) -> None:
        (tmp_path / ".git").write_text("gitdir: elsewhere\n")
        code = "echo x > .git; rm -f .git; mv .git away; chmod 777 .git; ln -f /bin/sh .git"
        _run(sandbox, Command(argv=("sh", "-c", code), cwd=tmp_path, limits=_LIMITS))
        assert (tmp_path / ".git").read_text() == "gitdir: elsewhere\n"

    def test_no_variable_of_the_host_is_inherited(self, sandbox: Sandbox, tmp_path: Path) -> None:
        os.environ["PARTITA_LAW"] = "not to be seen"
        try:
            code = "import json, os; print(json.dumps(dict(os.environ)))"
            outcome = _python(sandbox, tmp_path, code, env={"GIVEN": "a = 'b c'"})
        finally:
            del os.environ["PARTITA_LAW"]
        env = json.loads(outcome.output)
        wanted = {"GIVEN", "HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"}
        assert set(env) - {"PWD", "LC_CTYPE"} == wanted | {"TMPDIR"}, env
        assert (env["GIVEN"], env["HOME"]) == ("a = 'b c'", "/tmp/home")  # noqa: S108  # inside

    def test_standard_input_is_empty_and_nothing_else_is_open(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        code = "import os, sys; print(sys.stdin.read() == '', os.listdir('/proc/self/fd'))"
        outcome = _python(sandbox, tmp_path, code)
        assert outcome.output == "True ['0', '1', '2', '3']\n", outcome  # 3 lists the folder

    def test_no_capability_is_left_and_no_namespace_can_be_made(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        code = "grep -E '^(Cap...|NoNewPrivs):' /proc/self/status; unshare --user true && echo made"
        outcome = _run(sandbox, Command(argv=("sh", "-c", code), cwd=tmp_path, limits=_LIMITS))
        found = dict(line.split(":\t") for line in outcome.output.splitlines() if ":\t" in line)
        assert found.pop("NoNewPrivs") == "1", outcome
        assert len(found) == len(("Inh", "Prm", "Eff", "Bnd", "Amb"))
        assert {int(value, 16) for value in found.values()} == {0}, outcome
        assert "made" not in outcome.output

    def test_the_number_of_processes_is_bounded(self, sandbox: Sandbox, tmp_path: Path) -> None:
        outcome = _python(sandbox, tmp_path, hostile.FORK_MANY)
        assert outcome.exit == 0, outcome
        assert 1 < int(outcome.output) <= _LIMITS.processes

    def test_a_fork_bomb_ends(self, sandbox: Sandbox, tmp_path: Path) -> None:
        token = _token()
        limits = replace(_LIMITS, seconds=1)
        outcome = _python(sandbox, tmp_path, hostile.FORK_BOMB, token, limits=limits)
        assert (outcome.exit, outcome.reason) == (None, "timeout"), outcome
        assert not _alive(token)

    def test_a_child_that_left_its_session_dies_at_the_end(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        token = _token()
        outcome = _python(sandbox, tmp_path, hostile.LEAVE_ONE_BEHIND, token)
        assert (outcome.exit, outcome.output) == (0, "left\n"), outcome
        assert not _alive(token)

    def test_a_child_that_left_its_session_dies_at_the_timeout(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        token = _token()
        limits = replace(_LIMITS, seconds=1)
        outcome = _python(sandbox, tmp_path, hostile.LEAVE_ONE_BEHIND, token, "stay", limits=limits)
        assert (outcome.reason, outcome.output) == ("timeout", "left\n"), outcome
        assert not _alive(token)

    def test_a_flood_of_output_is_cut_off(self, sandbox: Sandbox, tmp_path: Path) -> None:
        code = "import sys\nfor _ in range(100): sys.stdout.write('x' * 2**20)"
        outcome = _python(sandbox, tmp_path, code)
        assert (outcome.exit, outcome.reason) == (None, "output"), outcome.reason
        assert len(outcome.output) < _MIB
        assert "bytes left out" in outcome.output

    def test_escapes_of_the_terminal_do_not_come_through(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        code = r"print('\x1b[31mred\x1b[0m \x1b]0;title\x07\x9b2Jtab\there\x00\r')"
        assert _python(sandbox, tmp_path, code).output == "red tab\there\n"

    def test_filling_the_disk_is_stopped(self, sandbox: Sandbox, tmp_path: Path) -> None:
        for code in _DISK_FILLERS:
            tree = tmp_path / secrets.token_hex(4)
            tree.mkdir()
            outcome = _python(sandbox, tree, code)
            assert (outcome.exit, outcome.reason) == (None, "disk"), (code, outcome)

    def test_the_private_folders_are_bounded(self, sandbox: Sandbox, tmp_path: Path) -> None:
        limits = replace(_LIMITS, disk=1024 * _MIB, memory=512 * _MIB)
        for place in ("/tmp", "/dev/shm"):  # noqa: S108  # inside
            outcome = _python(sandbox, tmp_path, hostile.FILL, place, limits=limits)
            assert (outcome.exit, outcome.output) == (0, "full\n"), outcome

    def test_too_much_memory_is_not_given(self, sandbox: Sandbox, tmp_path: Path) -> None:
        outcome = _python(sandbox, tmp_path, "x = bytearray(600 * 2**20)")
        assert outcome.exit != 0
        assert outcome.reason in ("exited", "memory"), outcome

    def test_too_much_memory_together_is_not_given(self, sandbox: Sandbox, tmp_path: Path) -> None:
        outcome = _python(sandbox, tmp_path, hostile.HOLD_TOGETHER)
        assert (outcome.exit, outcome.reason) == (None, "memory"), outcome

    def test_a_signal_is_no_exit(self, sandbox: Sandbox, tmp_path: Path) -> None:
        outcome = _python(sandbox, tmp_path, "import os; os.kill(os.getpid(), 11)")
        assert (outcome.exit, outcome.reason) == (None, "signal"), outcome

    def test_a_command_that_is_not_there_fails(self, sandbox: Sandbox, tmp_path: Path) -> None:
        command = Command(argv=("no-such-program-anywhere",), cwd=tmp_path, limits=_LIMITS)
        outcome = _run(sandbox, command)
        assert outcome.exit not in (0, None), outcome
        assert "no-such-program-anywhere" in outcome.output

    def test_no_program_that_runs_as_its_owner_stays(
        self, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        argv = ("sh", "-c", "mkdir -p a && cp /bin/sh a/sh && chmod 6755 a/sh")
        assert _run(sandbox, Command(argv=argv, cwd=tmp_path, limits=_LIMITS)).exit == 0
        assert (tmp_path / "a" / "sh").stat().st_mode & 0o7777 == 0o755  # noqa: PLR2004

    def test_cancelling_kills(self, sandbox: Sandbox, tmp_path: Path) -> None:
        token = _token()

        async def cancel_when_started() -> bool:
            argv = (*_interpreter(hostile.LEAVE_ONE_BEHIND), token, "stay", "say")
            command = Command(argv=argv, cwd=tmp_path, readonly=_base(), limits=_LIMITS)
            task = asyncio.create_task(sandbox.run(command))
            await asyncio.to_thread(_await_file, tmp_path / "started")
            task.cancel()
            await asyncio.wait({task})
            return task.cancelled()

        assert asyncio.run(cancel_when_started())
        assert not _alive(token)


def _run(sandbox: Sandbox, command: Command) -> Outcome:
    outcome = asyncio.run(sandbox.run(command))
    assert (outcome.exit is None) == (outcome.reason != "exited"), outcome
    return outcome


def _python(
    sandbox: Sandbox, tree: Path, code: str, *args: str, limits: Limits = _LIMITS, **more: Any
) -> Outcome:
    argv = (*_interpreter(code), *args)
    return _run(sandbox, Command(argv=argv, cwd=tree, readonly=_base(), limits=limits, **more))


def _tries(sandbox: Sandbox, tree: Path, action: str, *args: object, network: bool = False) -> str:
    code = hostile.TRY.format(action=action)
    outcome = _python(sandbox, tree, code, *map(str, args), network=network)
    return outcome.output.strip()


def _interpreter(code: str) -> tuple[str, ...]:
    return (os.path.realpath(sys.executable), "-I", "-S", "-c", code)


def _base() -> tuple[Path, ...]:
    return (Path(sys.base_prefix).resolve(),)


def _folders(tmp_path: Path) -> tuple[Path, Path]:
    tree, other = tmp_path / "tree", tmp_path / "other"
    tree.mkdir()
    other.mkdir()
    return tree, other


def _await_file(path: Path) -> None:
    deadline = time.monotonic() + 15
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.01)


def _token() -> str:
    return f"partita-law-{secrets.token_hex(8)}"


def _alive(token: str) -> bool:
    """Does any process of this machine carry the token in its arguments?"""
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                if token.encode() in (process / "cmdline").read_bytes():
                    return True
            except OSError:
                continue
    return False
