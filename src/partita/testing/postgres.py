"""A PostgreSQL cluster to throw away: made by `initdb` in a folder of its own, gone at the end."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from partita.errors import OutsideFailure

TOOLS = ("initdb", "pg_ctl", "postgres")
UNPRIVILEGED = ("postgres", "nobody")  # initdb refuses to be run by root
SECONDS = 60  # that the cluster may take to start or to stop
PORTS = 3  # that are tried: another process may take one between our look and our use
QUICK = {"fsync": "off", "full_page_writes": "off"}
LOOPBACK = ("127.0.0.1", "::1", "localhost")

# Waits for its standard input to end, which it does when the process that holds it ends, however.
GUARD = """
cat >/dev/null
"$1/pg_ctl" -D "$2/data" -m immediate -t 10 stop >/dev/null 2>&1
rm -rf "$2"
"""


def available() -> str | None:
    """Why no cluster can be had here; None when one can."""
    if _tools() is None:
        return "PostgreSQL's initdb is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and _account() is None:
        return "root can't run PostgreSQL, and there is no user postgres or nobody"
    return None


class PostgresCluster:
    """`with PostgresCluster() as cluster: connect(cluster.url("name"))`.

    `listen` is the address, or several with commas, that it is reached at; anybody there may do
    anything. `fsync` off loses data in a power cut, and is quick. `settings` go to
    postgresql.conf. Nothing is left when this process ends, also by SIGKILL.
    """

    def __init__(
        self,
        listen: str = "127.0.0.1",
        *,
        fsync: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.listen = listen
        self.port = 0
        self._settings = {**({} if fsync else QUICK), **(settings or {})}
        self._folder = Path()
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        why = available()
        if why is not None:
            raise OutsideFailure(why)
        self._folder = Path(tempfile.mkdtemp(prefix="partita-pg-"))
        account = _account()
        if account is not None:
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", str(_tools()), str(self._folder)],
            stdin=subprocess.PIPE,
            **self._apart(),
        )
        try:
            self._run("initdb", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
            self._allow()
            self._first_start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def url(self, database: str = "postgres") -> str:
        """The address of that database, which is made unless it is there."""
        import psycopg  # noqa: PLC0415 - only where there is a cluster
        from psycopg import sql  # noqa: PLC0415

        host = self.listen.split(",")[0].strip()
        base = f"postgresql://postgres@{f'[{host}]' if ':' in host else host}:{self.port}"
        with psycopg.connect(f"{base}/postgres", autocommit=True) as db:
            known = db.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            if known.fetchone() is None:
                db.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return f"{base}/{database}"

    def start(self) -> None:
        """Start it again after `stop`, on the same port with the same data."""
        log = str(self._folder / "log")
        self._run("pg_ctl", "-w", "-t", str(SECONDS), "-l", log, "start")

    def stop(self) -> None:
        """Let it fall at once, as when its machine's power is cut."""
        self._run("pg_ctl", "-m", "immediate", "-t", str(SECONDS), "stop")

    def close(self) -> None:
        """Stop it and remove all that it wrote; a second time does nothing."""
        if self._guard is not None:
            self._guard.communicate()
            self._guard = None

    def log(self) -> str:
        """What the server has written to its log."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def _first_start(self) -> None:
        config = self._folder / "data" / "postgresql.conf"
        settings = {
            "listen_addresses": self.listen,
            "unix_socket_directories": str(self._folder),
            "max_connections": "200",
            "shared_buffers": "64MB",
            **self._settings,
        }
        for attempt in range(PORTS):
            self.port = _free_port(self.listen.split(",")[0].strip())
            with config.open("a", encoding="utf-8") as file:
                for name, value in {**settings, "port": str(self.port)}.items():
                    file.write(f"{name} = '{value}'\n")
            try:
                self.start()
            except OutsideFailure:
                if attempt == PORTS - 1:
                    raise
            else:
                return

    def _allow(self) -> None:
        """Let in whoever shares a network with it, where it listens beyond this machine."""
        if any(address.strip() not in LOOPBACK for address in self.listen.split(",")):
            rules = self._folder / "data" / "pg_hba.conf"
            with rules.open("a", encoding="utf-8") as file:
                file.write("host all all samenet trust\n")

    def _run(self, tool: str, *args: str) -> None:
        done = subprocess.run(
            [f"{_tools()}/{tool}", "-D", str(self._folder / "data"), *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be kept open by the server
            stderr=subprocess.PIPE if tool == "initdb" else subprocess.DEVNULL,
            check=False,
            **self._apart(),
        )
        if done.returncode:
            path = self._folder / "log"
            said = self.log() if path.exists() else (done.stderr or b"").decode(errors="replace")
            raise OutsideFailure(f"{tool} failed: {said.strip()[-500:]}")

    def _apart(self) -> dict[str, Any]:
        """How its processes are started: in a session of their own, never by root."""
        account = _account()
        who = (
            {}
            if account is None
            else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        )
        return {"cwd": self._folder, "start_new_session": True, **who}


def _tools() -> Path | None:
    """The folder that holds PostgreSQL's programs, the newest where there are several."""
    on_path = shutil.which("initdb")
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: int(path.parent.name) if path.parent.name.isdecimal() else 0,
    )
    folders = [*([Path(on_path).resolve().parent] if on_path else []), *reversed(debian)]
    return next((f for f in folders if all((f / tool).is_file() for tool in TOOLS)), None)


def _account() -> pwd.struct_passwd | None:
    """Who runs the cluster in root's place; None for everybody but root, who runs it himself."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as found:
        found.bind((host, 0))
        port: int = found.getsockname()[1]
        return port
