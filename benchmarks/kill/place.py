"""A user at a shell: a home, a repository, the installed command, and what the processes say."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PARTITA = (sys.executable, "-m", "partita")
KEPT = ("PATH", "LANG", "SSL_CERT_FILE")
OWN = """\
model = "priced"
budget = 1000.0
[models.priced]
wire = "openai"
name = "stub"
base_url = "{url}"
input_price = 1
output_price = 4
"""
INPUT, OUTPUT = 1_000, 4_000  # nano-dollars a token, as above
MARK = "PARTITA_KILLED_AT"  # in the environment of all that is started here, with the folder


@dataclass(frozen=True, slots=True)
class Home:
    """A user's own folder: their home, their temporary files, what their commands said."""

    folder: Path

    def prepare(self, url: str) -> None:
        """Name the user, and the model at the URL with its price."""
        for name in ("home", "tmp", "said"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "gitconfig").write_text("[user]\n\tname = Una\n\temail = una@example.org\n")
        (self.folder / "own.toml").write_text(OWN.format(url=url))

    @property
    def environment(self) -> dict[str, str]:
        """No key and no setting of the real user's."""
        given = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith("PIP_")}
        return {
            **given,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p.endswith("src")),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "GIT_CONFIG_GLOBAL": str(self.folder / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PARTITA_CONFIG": str(self.folder / "own.toml"),
            MARK: str(self.folder),
        }


@dataclass(slots=True)
class Command:
    """A process of ours; what it says is in a file beside the repository."""

    process: subprocess.Popen[bytes]
    said: Path
    began: float

    def kill(self) -> None:
        """SIGKILL to it alone: its children have to die by themselves."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def words(self, most: int = 1_500) -> str:
        """The end of what it said."""
        return self.said.read_text(errors="replace").strip()[-most:]


@dataclass(slots=True)
class Place:
    """A repository of that user and the commands that run in it."""

    home: Home
    folder: Path
    started: int = 0

    def begin(self) -> None:
        """A repository with one commit and one file that is not committed."""
        self.folder.mkdir(exist_ok=True)
        self.git("init", "-q", "-b", "main")
        (self.folder / "notes.txt").write_text("mine\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "as it was")
        (self.folder / "mine.txt").write_text("not committed\n")

    def start(self, *arguments: str, now: float) -> Command:
        """The installed command at work in the repository."""
        self.started += 1
        said = self.home.folder / "said" / f"{self.folder.name}-{self.started:03}.txt"
        with said.open("wb") as file:
            file.write(f"$ partita {' '.join(arguments)}\n".encode())
            file.flush()
            process = subprocess.Popen(
                [*PARTITA, *arguments],
                cwd=self.folder,
                env=self.home.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Command(process=process, said=said, began=now)

    def git(self, *arguments: str) -> str:
        """What git says in the repository; raises when it fails."""
        return git(self.folder, self.home.environment, *arguments)


def git(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """What git says there; raises RuntimeError with its own words when it fails."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        msg = f"git {' '.join(arguments)}: {done.stderr.strip()}"
        raise RuntimeError(msg)
    return done.stdout


def differing(folder: Path, branch: str, tree: str | None) -> list[str]:
    """What is wrong with what landed there: it must be one commit on top of one, with that tree."""
    environment = dict(os.environ)
    found = []
    if (count := git(folder, environment, "rev-list", "--count", branch).strip()) != "2":
        found.append(f"{count} commits on {branch} instead of 2")
    landed = git(folder, environment, "rev-parse", f"{branch}^{{tree}}").strip()
    if tree is not None and landed != tree:
        found.append(f"{landed} landed, wanted {tree}")
    return found


def processes(folder: Path) -> list[str]:
    """Living processes of any session that were started for the folder, or name it, or work in it.

    Zombies do not count: they are dead, and wait only for who started them.
    """
    found, marker = [], str(folder)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            given = (entry / "environ").read_bytes().decode(errors="replace")
            where = str((entry / "cwd").readlink())
        except OSError:
            continue
        if line and any(marker in text for text in (line, where, given)):
            found.append(f"process {entry.name}: {line.strip()[:200]}")
    return found


def cost(input_tokens: int, output_tokens: int) -> int:
    """What the stub's usage costs at the prices above, in nano-dollars."""
    return input_tokens * INPUT + output_tokens * OUTPUT
