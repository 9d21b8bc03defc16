"""Makes the archive of this version's runs that every later version must replay and resume.

    python tests/upgrade/record.py

It writes `tests/data/upgrade/VERSION.tar.gz`, where VERSION is that of `engine/version.py`. Run it
once for each new VERSION, before the first release with it, and keep the file. An archive is never
made again: what an older version wrote can't be had a second time, and that later ones can read
just this is what the tests prove.

In the archive are two repositories with their `.partita`, as they lay on the disk: `killed`, whose
process was killed with -9 when one task had passed and another was being asked for, and `landed`,
whose run had the same answers and came to its end. Worktrees, which know where they lay, are left
out: a process that takes a run over has to do without them anyway.
"""

import gzip
import io
import os
import shutil
import signal
import sqlite3
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "cli"))

import answers  # noqa: E402 - found by the line above
from kit import Shell, gone  # noqa: E402
from moments import events, started, until  # noqa: E402

from partita.engine.version import VERSION  # noqa: E402
from partita.testing.stub_provider import StubProvider  # noqa: E402

ARCHIVES = HERE.parent / "data" / "upgrade"
BUILD = ("build", answers.REQUEST, "--depth", "quick")
WEB = answers.web()
LEFT_OUT = ("worktrees", "hooks", "lock")


def killed(folder: Path) -> None:
    """A run whose process is killed while the last question is being answered."""
    hang = answers.rule(WEB["match"], "", behaviour="hang", times=1)
    with StubProvider([hang, *answers.good()]) as stub:
        shell = repository(folder, stub.url)
        with started(shell, *BUILD) as process:
            until(lambda: ("task.passed", "core") in events(shell), "the core has passed")
            until(lambda: any(r.rule == 0 for r in stub.requests), "the page is asked for")
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert gone(str(folder)) == []


def landed(folder: Path) -> None:
    """The same run, with nobody interfering."""
    with StubProvider(answers.good()) as stub:
        done = repository(folder, stub.url).partita(*BUILD)
    assert done.code == 0, done.err


def repository(folder: Path, url: str) -> Shell:
    """A user's repository of one file."""
    folder.mkdir(parents=True)
    shell = Shell(folder=folder, home=folder.parent / "home", url=url)
    shell.write("../home/gitconfig", "[user]\n\tname = Una\n\temail = una@example.org\n")
    shell.git("init", "-q", "-b", "main", "--template=")
    shell.write("notes.txt", "mine\n")
    shell.commit_all()
    return shell


def settle(database: Path) -> None:
    """Put all of the database into its one file."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def pack(top: Path, archive: Path) -> None:
    """All of `top` but what knows its place, with no dates and no owners."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(top.rglob("*")):
            name = path.relative_to(top)
            if any(part in LEFT_OUT for part in name.parts):
                continue
            info = tar.gettarinfo(path, arcname=str(name))
            info.mtime = info.uid = info.gid = 0
            info.uname = info.gname = ""
            if info.isdir():
                tar.addfile(info)
            elif info.isreg():
                info.mode = 0o644
                tar.addfile(info, io.BytesIO(path.read_bytes()))
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(gzip.compress(packed.getvalue(), 9, mtime=0))


def unpack(archive: Path, top: Path) -> None:
    """What `pack` packed."""
    with tarfile.open(archive) as tar:
        for info in tar:
            path = top / info.name
            assert path.resolve().is_relative_to(top.resolve()), info.name
            if info.isdir():
                path.mkdir(parents=True, exist_ok=True)
            elif (file := tar.extractfile(info)) is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read())


def main() -> None:
    """Record both runs, unless that was done before."""
    archive = ARCHIVES / f"{VERSION}.tar.gz"
    if archive.exists():
        sys.exit(f"{archive.name} is there already, and is never made again; see this file's text")
    with tempfile.TemporaryDirectory(prefix="partita-record-") as folder:
        top = Path(folder)
        for name, run in (("killed", killed), ("landed", landed)):
            run(top / name / "work")
            settle(top / name / "work/.partita/partita.db")
            shutil.rmtree(top / name / "home")
        pack(top, archive)
    print(f"{archive}: {archive.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
