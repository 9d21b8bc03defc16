"""Environments for Python targets: a virtual environment per set of requirements, kept."""

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from partita.adapters.scratch import scratch_folder
from partita.core.requirements import Requirements
from partita.errors import CommandFailed
from partita.ports.sandbox import Command, Environment, Limits, Outcome, Sandbox

MARK = "partita-environment.json"  # written last: a folder without it is not complete
PATH = "/usr/local/bin:/usr/bin:/bin"
INSTALLING = Limits(seconds=900, memory=8 * 2**30, output=4 * 2**20, disk=8 * 2**30, processes=512)
_DIVERTING = ("PIP_TARGET", "PIP_USER", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN")
_PLACES = re.compile(r"(?:(?<=file://)|(?<![^\s='\"]))/[^\s'\"]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python that environments are made from; `prefix` is where its library lives."""

    executable: Path
    prefix: Path
    version: str

    @property
    def readonly(self) -> tuple[Path, ...]:
        """The folders a sandbox must show for it to run; /usr is always there."""
        homes = {self.prefix, self.executable.parent.parent}
        return _outermost(h for h in homes if not Path.home().is_relative_to(h))


def own_interpreter() -> Interpreter:
    """The interpreter that this process' own environment was made from."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return _interpreter(base, sys.base_prefix, sys.version.split()[0])


async def interpreter(python: Path) -> Interpreter:
    """The base interpreter behind `python`, which the user named. Raises CommandFailed."""
    script = (
        "import json, sys; print(json.dumps([getattr(sys, '_base_executable', sys.executable),"
        " sys.base_prefix, sys.version.split()[0]]))"
    )
    try:
        process = await asyncio.create_subprocess_exec(
            str(python),
            "-I",
            "-c",
            script,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(), timeout=20)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        executable, prefix, version = json.loads(out)
        return _interpreter(executable, prefix, version)
    except (OSError, ValueError, TypeError, TimeoutError) as e:
        raise CommandFailed(
            f"{python} does not run as a Python interpreter.",
            remedy="Name another interpreter in the settings.",
        ) from e


def _interpreter(executable: str, prefix: str, version: str) -> Interpreter:
    return Interpreter(
        executable=Path(executable).resolve(), prefix=Path(prefix).resolve(), version=version
    )


def read_regular(path: Path, most: int) -> bytes | None:
    """The content of a regular file of at most `most` bytes; None for a link, pipe or folder."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(most + 1)
    finally:
        os.close(handle)
    return content if len(content) <= most else None


def site_packages(python: str) -> Path | None:
    """Where the environment of this interpreter keeps what is installed."""
    found = sorted((Path(python).parent.parent / "lib").glob("python3*/site-packages"))
    return found[-1] if found else None


def installed(python: str) -> tuple[str, ...]:
    """`name==version` of all that is installed in the interpreter's environment, sorted."""
    folder = site_packages(python)
    names = (
        (p.name.removesuffix(".dist-info") for p in folder.glob("*.dist-info")) if folder else ()
    )
    return tuple(sorted("==".join(name.rsplit("-", 1)) for name in names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """A command that installs the wheels named after it, and what it has to see."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    readonly: tuple[Path, ...]
    before: tuple[str, ...] = ()  # a command that has to be run first


class Environments:
    """Makes environments in `cache` and finds those made before; safe for many processes."""

    def __init__(self, sandbox: Sandbox, cache: Path, installer_env: Mapping[str, str]) -> None:
        self._sandbox = sandbox
        self._cache = cache.absolute()
        self._env = {k: v for k, v in installer_env.items() if k not in _DIVERTING}

    async def get(self, base: Interpreter, wanted: Requirements) -> Environment:
        """The environment that holds what is wanted. Raises CommandFailed."""
        told = json.dumps([list(wanted.specs), str(base.executable), base.version])
        key = hashlib.sha256(told.encode()).hexdigest()[:24]
        folder = self._cache / key
        if not self._complete(folder):
            self._cache.mkdir(parents=True, exist_ok=True)
            async with _locked(self._cache / f"{key}.lock"):
                if not self._complete(folder):
                    await self._make(folder, base, wanted.specs)
        python = str(folder / "bin" / "python")
        return Environment(
            key=key,
            python=python,
            readonly=(folder, *base.readonly),
            installed=installed(python),
            note="\n".join(wanted.notes),
        )

    def specs(self, key: str) -> tuple[str, ...] | None:
        """What the environment of this key was made from; None when it is none of ours."""
        try:
            return tuple(json.loads((self._cache / key / MARK).read_text())["specs"])
        except (OSError, ValueError, KeyError):
            return None

    def _complete(self, folder: Path) -> bool:
        return (folder / MARK).is_file() and (folder / "bin" / "python").exists()

    async def _make(self, folder: Path, base: Interpreter, specs: Sequence[str]) -> None:
        # made in place and marked when complete: scripts in it name their interpreter by its
        # path, so that a finished environment can't be moved
        shutil.rmtree(folder, ignore_errors=True)
        venv = (str(base.executable), "-I", "-m", "venv", "--without-pip", str(folder))
        try:
            os.mkdir(folder)  # noqa: PTH102 - ASYNC240 takes Path.mkdir for slow
            made = await self._run(venv, writable=(folder,), readonly=base.readonly)
            _demand(made, "A virtual environment could not be made")
            if specs:
                await self._install(folder, base, specs)
            _mark(folder, specs)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    async def _install(self, folder: Path, base: Interpreter, specs: Sequence[str]) -> None:
        failed: CommandFailed | None = None
        for installer in _installers(folder, self._cache / "downloads", self._env):
            try:
                await self._install_by(installer, folder, base, specs)
            except CommandFailed as e:
                failed = e
            else:
                return
        if failed is not None:
            raise failed

    async def _install_by(
        self, installer: Installer, folder: Path, base: Interpreter, specs: Sequence[str]
    ) -> None:
        if installer.before:
            made = await self._run(installer.before, writable=(folder,), readonly=base.readonly)
            _demand(made, "pip could not be put into a new environment")
        outcome = await self._run(
            (*installer.argv, "--", *specs),
            writable=(folder, self._cache / "downloads"),
            readonly=_outermost((*base.readonly, *installer.readonly)),
            env=installer.env,
            network=True,
        )
        _demand(outcome, f"The target's dependencies could not be installed ({', '.join(specs)})")

    async def _run(
        self,
        argv: Sequence[str],
        *,
        writable: tuple[Path, ...],
        readonly: Sequence[Path],
        env: Mapping[str, str] | None = None,
        network: bool = False,
    ) -> Outcome:
        with scratch_folder(self._cache, "work-") as cwd:
            return await self._sandbox.run(
                Command(
                    argv=tuple(argv),
                    cwd=cwd,
                    env={"PATH": PATH, **(env or {})},
                    readonly=tuple(readonly),
                    writable=writable,
                    network=network,
                    limits=INSTALLING,
                )
            )


def _installers(folder: Path, store: Path, given: Mapping[str, str]) -> Iterator[Installer]:
    """What to try, in order: uv, which is quick, then a pip, which knows more configurations."""
    store.mkdir(exist_ok=True)
    python = str(folder / "bin" / "python")
    configs = _configs()
    env = {**_config_env(configs), **given}
    readonly = _places(env, configs)
    uv = shutil.which("uv")
    if uv and _uv_knows(env, configs):
        yield Installer(
            argv=(
                *(uv, "pip", "install", "--python", python, "--only-binary", ":all:"),
                *("--no-progress", "--compile-bytecode"),
            ),
            env={**env, "UV_CACHE_DIR": str(store / "uv"), "UV_PYTHON_DOWNLOADS": "never"},
            readonly=(*readonly, Path(uv).resolve()),
        )
    ours = importlib.util.find_spec("pip") is not None
    pip = (sys.executable, "-m", "pip", "--python", python) if ours else (python, "-m", "pip")
    yield Installer(
        argv=(
            *(*pip, "install", "--only-binary", ":all:", "--no-input", "--quiet"),
            *("--disable-pip-version-check", "--no-warn-script-location"),
        ),
        env={**env, "PIP_CACHE_DIR": str(store / "pip"), "PIP_PROGRESS_BAR": "off"},
        readonly=(*readonly, *((Path(sys.prefix), *own_interpreter().readonly) if ours else ())),
        before=() if ours else (python, "-I", "-m", "ensurepip", "--default-pip"),
    )


def _mark(folder: Path, specs: Sequence[str]) -> None:
    """Say that the environment is complete, in one step."""
    scratch = folder / f"{MARK}.new"
    scratch.write_text(json.dumps({"specs": list(specs)}))
    scratch.rename(folder / MARK)


@contextlib.asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    """Hold the lock file; the system lets go of it when the process dies."""
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # asked for again and again, as a thread that waits could not be cancelled
                await asyncio.sleep(0.05)
        yield


def _demand(outcome: Outcome, what: str) -> None:
    if outcome.exit == 0:
        return
    ended = f"exit code {outcome.exit}" if outcome.exit is not None else outcome.reason
    lines = [line for line in outcome.output.splitlines() if line.strip()][-12:]
    words = redact("\n".join(lines)[-2000:])
    raise CommandFailed(
        f"{what}: {ended}.\n{words}".strip(),
        remedy="Check the names and versions, and that the package index can be reached.",
    )


def redact(text: str) -> str:
    """The text without credentials in its URLs."""
    text = re.sub(r"://[^/\s@'\"]{1,500}@", "://***@", text)
    return re.sub(r"(?i)\b(token|key|password|secret)=[^&\s'\"]{1,500}", r"\1=***", text)


def _configs() -> dict[str, Path]:
    """The user's configuration files of the installers, by who reads them."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    candidates = {
        "system": [Path("/etc/pip.conf"), Path("/etc/xdg/pip/pip.conf")],
        "pip": [home / "pip" / "pip.conf", Path.home() / ".pip" / "pip.conf"],
        "uv": [home / "uv" / "uv.toml"],
    }
    found = {}
    for name, paths in candidates.items():
        if (path := next((p for p in paths if p.is_file()), None)) is not None:
            found[name] = path
    return found


def _config_env(configs: Mapping[str, Path]) -> dict[str, str]:
    """Inside, the home folder is another: the files are named instead."""
    names = {"pip": "PIP_CONFIG_FILE", "uv": "UV_CONFIG_FILE"}
    return {names[k]: str(p) for k, p in configs.items() if k in names}


def _places(env: Mapping[str, str], configs: Mapping[str, Path]) -> list[Path]:
    """Certificates, local indexes and files that the configuration points at."""
    files = [*configs.values()]
    named = env.get("PIP_CONFIG_FILE")
    files += [Path(named)] if named else []
    texts = [*env.values()]
    for file in files:
        content = read_regular(file.resolve(), 2**16)
        texts.append((content or b"").decode(errors="replace"))
    found = {*files, *filter(Path.exists, map(Path, _PLACES.findall("\n".join(texts))))}
    # the pages of a local index point at files beside it
    found |= {p.parent for p in found if p.name == "simple"}
    home = Path.home()
    return sorted(p for p in found if len(p.parts) > 2 and not home.is_relative_to(p))  # noqa: PLR2004 - never a top-level folder


def _uv_knows(env: Mapping[str, str], configs: Mapping[str, Path]) -> bool:
    """Would uv ask the same index as pip? It does not read pip's configuration."""
    told_pip = {"system", "pip"} & configs.keys() or any(
        k in env for k in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS")
    )
    told_uv = "uv" in configs or any(
        k in env for k in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_FIND_LINKS")
    )
    return bool(told_uv or not told_pip)


def _outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The paths without those that lie within another, and without what is always shown."""
    kept: list[Path] = []
    for path in sorted(set(paths)):
        if not any(path.is_relative_to(k) for k in (Path("/usr"), *kept)):
            kept.append(path)
    return tuple(kept)
