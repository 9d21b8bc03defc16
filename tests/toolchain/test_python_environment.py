"""Environments: what is installed, what never is, and that they are made once."""

import asyncio
import base64
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from partita.adapters.toolchain import PythonToolchain
from partita.adapters.toolchain.environment import Environments, own_interpreter, redact
from partita.core.requirements import Requirements
from partita.errors import CommandFailed
from partita.ports.sandbox import Outcome


def wheel(folder: Path, name: str, files: dict[str, str], requires: tuple[str, ...] = ()) -> None:
    """Write a wheel by hand, version 1.0."""
    info = f"{name}-1.0.dist-info"
    needs = "".join(f"Requires-Dist: {r}\n" for r in requires)
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-tool = {name}:main\n",
    }
    record = ""
    for path, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text.encode())}\n"
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)


@pytest.fixture
def index(tmp_path: Path) -> dict[str, str]:
    """An installer's environment whose only source is a folder with two wheels."""
    wheels = tmp_path / "wheels"
    greeting = "def main():\n    import sys\n    print('hello from', sys.prefix)\n"
    wheel(wheels, "greeter", {"greeter.py": greeting}, ("tinydep",))
    wheel(wheels, "tinydep", {"tinydep.py": "X = 1\n"})
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": "/dev/null",
        "UV_OFFLINE": "1",
        "UV_FIND_LINKS": str(wheels),
    }


@pytest.fixture
def offline(sandbox, tmp_path: Path, index) -> PythonToolchain:
    return PythonToolchain(sandbox, tmp_path / "cache", installer_env=index)


TEST = "import unittest, greeter\nclass A(unittest.TestCase):\n"
TEST += "    def test_x(self):\n        import tinydep\n        self.assertEqual(tinydep.X, 1)\n"


def test_wheels_are_installed_with_what_they_need_and_tests_see_them(offline, tree, write):
    write(tree, {"requirements.txt": "greeter\n-e .\n", "tests/test_a.py": TEST})
    env = asyncio.run(offline.prepare(tree, ()))
    assert env.installed == ("greeter==1.0", "tinydep==1.0")
    assert "-e ." in env.note
    run = asyncio.run(offline.test(tree, env, None))
    assert (run.exit, run.ran) == (0, 1), run.output
    tool = Path(env.python).parent / "greeter-tool"
    said = subprocess.run([tool], capture_output=True, text=True, check=True).stdout
    assert said.strip() == f"hello from {Path(env.python).parent.parent}"


def test_an_environment_is_made_once_per_set_of_requirements(offline, sandbox, tree, write):
    write(tree, {"requirements.txt": "greeter"})
    first = asyncio.run(offline.prepare(tree, ()))
    made = len(sandbox.commands)
    write(tree, {"requirements.txt": "# the same\nGreeter\n"})
    assert asyncio.run(offline.prepare(tree, ("greeter",))) == first
    assert len(sandbox.commands) == made
    assert asyncio.run(offline.prepare(tree, ("tinydep",))).key != first.key


def test_without_requirements_the_environment_is_bare(toolchain, sandbox, tree):
    env = asyncio.run(toolchain.prepare(tree, ()))
    assert env.installed == ()
    assert not any(c.network for c in sandbox.commands)
    script = "import importlib.util as u, sys; print(u.find_spec('pip'), sys.base_prefix)"
    said = subprocess.run([env.python, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["None", sys.base_prefix]


def test_only_the_environment_is_writable_while_installing(offline, sandbox, tree, tmp_path):
    env = asyncio.run(offline.prepare(tree, ("tinydep",)))
    (install,) = (c for c in sandbox.commands if c.network)
    folder = Path(env.python).parent.parent
    assert install.writable == (folder, tmp_path / "cache" / "downloads")
    assert tree not in (install.cwd, *install.readonly, *install.writable)
    assert ":all:" in install.argv
    assert not {"HOME", "OPENAI_API_KEY"} & install.env.keys()


def test_at_once_many_make_one_environment(sandbox, tmp_path, index):
    makers = [Environments(sandbox, tmp_path / "cache", index) for _ in range(4)]
    wanted = Requirements(specs=("tinydep",))

    async def all_at_once():
        return await asyncio.gather(*(m.get(own_interpreter(), wanted) for m in makers))

    made = asyncio.run(all_at_once())
    assert len(set(made)) == 1
    assert sum(c.network for c in sandbox.commands) == 1


def test_an_environment_that_was_not_finished_is_made_again(offline, tree):
    env = asyncio.run(offline.prepare(tree, ("tinydep",)))
    folder = Path(env.python).parent.parent
    (folder / "partita-environment.json").unlink()
    (folder / "half").write_text("from a process that was killed")
    assert asyncio.run(offline.prepare(tree, ("tinydep",))) == env
    assert not (folder / "half").exists()


@pytest.mark.parametrize("spec", ["nowhere-to-be-found", "sourceonly", "greeter==2.0"])
def test_what_cannot_be_installed_from_a_wheel_fails_with_the_installers_words(
    offline, tree, tmp_path, spec
):
    (tmp_path / "wheels" / "sourceonly-1.0.tar.gz").write_bytes(b"")
    with pytest.raises(CommandFailed, match="could not be installed") as caught:
        asyncio.run(offline.prepare(tree, (spec,)))
    assert spec.partition("=")[0] in caught.value.message.partition("\n")[2]
    assert [p.name for p in (tmp_path / "cache").iterdir() if p.is_dir()] == ["downloads"]


def test_errors_hold_no_credentials(tmp_path):
    text = "Looking in https://ann:s3cret@example.org/simple?token=t0ps3cret and more"
    assert redact(text) == "Looking in https://***@example.org/simple?token=*** and more"

    class Failing:
        isolation = None

        async def run(self, command):
            if "venv" in command.argv:
                (Path(command.argv[-1]) / "bin").mkdir()
                return Outcome(exit=0, reason="exited", output="", seconds=0)
            return Outcome(exit=1, reason="exited", output=text, seconds=0)

    environments = Environments(Failing(), tmp_path / "cache", {})
    with pytest.raises(CommandFailed) as caught:
        asyncio.run(environments.get(own_interpreter(), Requirements(specs=("x",))))
    assert "s3cret" not in str(caught.value)
    assert "more" in str(caught.value)


def test_a_tree_that_came_to_need_pytest_gets_it(offline, tree, write, tmp_path):
    stub = "import sys\nprint('stub', *sys.argv[1:2])\nsys.exit(5)\n"
    wheel(tmp_path / "wheels", "pytest", {"pytest/__init__.py": "", "pytest/__main__.py": stub})
    env = asyncio.run(offline.prepare(tree, ("tinydep",)))
    write(tree, {"tests/test_a.py": "import pytest\n"})
    run = asyncio.run(offline.test(tree, env, None))
    assert run.command == "python -m pytest"
    assert run.output.startswith("stub")
    assert asyncio.run(offline.prepare(tree, ("tinydep",))).installed == (
        "pytest==1.0",
        "tinydep==1.0",
    )


def test_another_interpreter_can_be_named_and_a_wrong_one_is_said_to_be(sandbox, tree, tmp_path):
    given = PythonToolchain(
        sandbox, tmp_path / "cache", installer_env={}, python=Path(sys.executable)
    )
    env = asyncio.run(given.prepare(tree, ()))
    assert Path(env.python).resolve() == Path(sys.executable).resolve()
    wrong = PythonToolchain(sandbox, tmp_path / "cache", installer_env={}, python=Path("/bin/true"))
    with pytest.raises(CommandFailed, match="/bin/true"):
        asyncio.run(wrong.prepare(tree, ()))


@pytest.mark.parametrize(
    ("paths", "known"),
    [
        (["README.md", "app/x.py"], True),
        (["requirements-dev.txt"], True),
        (["a/pyproject.toml"], True),
        (["setup.cfg"], True),
        (["package.json", "x.pyc", "python"], False),
        ([], False),
    ],
)
def test_a_python_tree_is_known_by_its_files(toolchain, paths, known):
    assert toolchain.handles(paths) is known


def test_links_out_of_the_tree_are_not_read(toolchain, tree, tmp_path):
    (tmp_path / "outside.txt").write_text("greeter")
    (tree / "requirements.txt").symlink_to(tmp_path / "outside.txt")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "base.txt").write_text("greeter")
    (tree / "requirements").symlink_to(tmp_path / "more")
    assert asyncio.run(toolchain.prepare(tree, ())).installed == ()
