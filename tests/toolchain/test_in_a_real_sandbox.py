"""The toolchain with walls: installing and testing in the sandbox this machine has."""

import asyncio
import os
from pathlib import Path

import pytest

from partita.adapters.sandbox.choose import choose
from partita.adapters.toolchain import PythonToolchain
from partita.core.judge import judge
from partita.errors import NoSandbox
from partita.ports.sandbox import Limits, Sandbox

pytestmark = pytest.mark.sandbox


@pytest.fixture
def walls() -> Sandbox:
    try:
        return asyncio.run(choose())
    except NoSandbox as e:
        if os.environ.get("CI"):
            raise
        pytest.skip(e.message)


HEAD = "import os, socket, unittest\nclass A(unittest.TestCase):\n"


def test_a_bare_project_is_tested_behind_walls(walls, tmp_path: Path, tree, write):
    write(
        tree,
        {
            "app.py": "def go():\n    return {}['x']\n",
            "tests/test_a.py": HEAD + "    def test_loopback(self):\n"
            "        with socket.create_server(('127.0.0.1', 0)) as s:\n"
            "            socket.create_connection(s.getsockname()).close()\n"
            "    def test_outside(self):\n"
            "        with self.assertRaises(OSError): open(os.__file__, 'a')\n"
            "        with self.assertRaises(OSError): open(os.sys.prefix + '/x', 'w')\n"
            "    def test_bug(self):\n        import app; app.go()\n",
        },
    )
    toolchain = PythonToolchain(walls, tmp_path / "cache", installer_env={})

    async def go():
        env = await toolchain.prepare(tree, ())
        return await toolchain.test(tree, env, None)

    run = asyncio.run(go())
    assert {c.name.rpartition("::")[2]: c.outcome for c in run.cases} == {
        "test_loopback": "passed",
        "test_outside": "passed",
        "test_bug": "error",
    }, run.output
    assert run.failures[0].where == ("app.py", "tests/test_a.py")
    assert str(tmp_path) not in str(run)
    assert sorted(p.name for p in tree.rglob("*")) == ["app.py", "test_a.py", "tests"]


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        ("while True: pass", {"timeout"}),
        ("os.kill(os.getppid(), 9); os.kill(os.getpid(), 9)", {"signal", "exited"}),
        ("print('x' * 10_000_000)", {"output"}),
        ("open('big', 'wb').write(b'x' * 200_000_000)", {"disk", "exited", "signal"}),
    ],
)
def test_a_run_that_passes_a_bound_is_no_success(walls, tmp_path, tree, write, body, reasons):
    write(tree, {"test_a.py": f"{HEAD}    def test_x(self):\n        {body}\n"})
    limits = Limits(seconds=3, output=2**20, disk=50 * 2**20)
    toolchain = PythonToolchain(walls, tmp_path / "cache", installer_env={}, limits=limits)

    async def go():
        env = await toolchain.prepare(tree, ())
        return await toolchain.test(tree, env, None)

    run = asyncio.run(go())
    assert run.reason in reasons
    assert not judge(run, gate="tests").ok
