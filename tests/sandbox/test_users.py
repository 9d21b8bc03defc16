"""Both backends keep the laws for an ordinary user too, who has no cgroups."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import partita

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
SOURCE = Path(partita.__file__).parents[1]
ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(SOURCE)}


def interpreter():
    """An interpreter that is new enough and that anybody may run, and run again."""
    check = "import os, sys, partita; assert sys.version_info >= (3, 11); open(sys.executable)"
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        tried = subprocess.run(
            [*AS_NOBODY, python, "-B", "-c", check], capture_output=True, env=ENV, check=False
        )
        if tried.returncode == 0:
            return python
    pytest.skip("no interpreter here that an ordinary user may run")


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("backend", ["bwrap", "unshare"])
def test_an_ordinary_user_is_as_safe(backend):
    driver = Path(__file__).with_name("keep_laws.py").read_text()
    done = subprocess.run(
        [*AS_NOBODY, interpreter(), "-B", "-W", "error", "-", backend],
        input=driver,
        capture_output=True,
        text=True,
        env=ENV,
        cwd="/",
        timeout=120,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
