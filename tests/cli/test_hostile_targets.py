"""Whatever generated code does when it runs: it is bounded, reaches nothing, leaves nothing."""

import http.server
import json
import threading

import answers
import pytest
from answers import CORE, PLAN, file, rule
from kit import gone

pytestmark = pytest.mark.sandbox

QUICK = ("build", answers.REQUEST, "--depth", "quick")
PATHS = ["hello/__init__.py", "hello/core.py", "tests/__init__.py", "tests/test_core.py"]


def a_test_that(*lines):
    """A test file with one test of these lines, and what such lines need."""
    body = "".join(f"        {line}\n" for line in lines)
    return (
        "import os\nimport pathlib\nimport socket\nimport subprocess\nimport sys\nimport time\n"
        "import unittest\n\nfrom hello.core import greet\n\n\nclass Greet(unittest.TestCase):\n"
        f"    def test_text(self):\n{body}"
    )


PAGE_TESTS = (
    "import unittest\n\n\nclass Page(unittest.TestCase):\n    def test_page(self):\n"
    "        self.assertTrue(True)\n"
)


def one_task(tests, **more):
    """The provider of a run whose only task comes with these tests."""
    return (
        answers.analysis(),
        answers.plan(tasks=[PLAN["tasks"][0]]),
        answers.core(tests=tests, **more),
    )


def kept(shell, before):
    """Nothing landed, the result is kept on its branch, and nothing is left running."""
    assert shell.git("rev-parse", "main").strip() == before
    assert shell.git("status", "--porcelain") == ""
    (branch,) = [b for b in shell.branches() if b.endswith("/core")]
    assert shell.git("show", f"{branch}:hello/core.py") == CORE
    assert gone(str(shell.folder)) == []
    return branch


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["while True: time.sleep(1)"], "ran longer than allowed"),
        (
            [
                "for _ in range(2000):",
                "    if os.fork() == 0: time.sleep(600)",
            ],
            "1 of 1 test failed",
        ),
        (
            ["with open('filler', 'wb') as f:", "    while True: f.write(b'x' * 2**24)"],
            "wrote more to the disk than allowed",
        ),
        (["for _ in range(100): print('x' * 2**20)"], "printed more than allowed"),
        (["os._exit(0)"], "no test report"),
        (["os.kill(os.getpid(), 9)"], "ended by a signal"),
    ],
    ids=["hangs", "forks", "fills-the-disk", "prints-100-MB", "exits-at-once", "kills-itself"],
)
def test_tests_that_run_wild_are_stopped_and_do_not_land(offering, lines, why):
    shell, _ = offering(*one_task(a_test_that(*lines)))
    shell.extra = {"PARTITA_TEST_SECONDS": "4", "PARTITA_ROUNDS": "0"}
    before = shell.git("rev-parse", "main").strip()
    done = shell.partita(*QUICK)
    assert done.code == 1, done.err
    assert why in done.err
    assert f"kept on the branch {kept(shell, before)}" in done.err


def test_tests_that_find_nothing_to_run_do_not_count(offering):
    shell, _ = offering(*one_task('"""No test at all."""\n\nX = 1\n'))
    shell.extra = {"PARTITA_ROUNDS": "0"}
    before = shell.git("rev-parse", "main").strip()
    done = shell.partita(*QUICK)
    assert done.code == 1, done.err
    assert "No test was run" in done.err
    assert f"kept on the branch {kept(shell, before)}" in done.err


def test_a_task_that_always_fails_is_mended_three_times_and_what_passed_is_named(offering):
    failing = answers.TEST_CORE.replace("Hello, x!", "Goodbye, x!")
    rounds = [
        rule(
            "`core`: the greeting[\\s\\S]*What failed",
            file("tests/test_core.py", failing + f"# attempt {n}\n"),
            times=1,
        )
        for n in range(9)
    ]
    one, two = PLAN["tasks"]
    shell, stub = offering(
        answers.analysis(),
        answers.plan(contracts=[], tasks=[{**one, "provides": []}, {**two, "uses": []}]),
        *rounds,
        answers.core(tests=failing),
        rule(
            "`web`: the page",
            file("hello/web.py", "PAGE = 1\n")
            + file("tests/test_web.py", PAGE_TESTS)
            + file("README.md", answers.README),
        ),
    )
    before = shell.git("rev-parse", "main").strip()
    done = shell.partita(*QUICK)
    assert done.code == 1, done.err
    assert sum("What failed" in r.texts[-1][1] for r in stub.requests) == 3
    assert "core: mending, round 3 of 3" in done.err
    assert "Nothing landed. task core: 1 of 1 test failed" in done.err
    assert "after 3 fix rounds" in done.err
    assert "  web passed" in done.err
    (result,) = [b for b in shell.branches() if b.endswith("/_result")]
    assert f"kept on the branch {result}" in done.err
    assert "hello/web.py" in shell.git("ls-tree", "-r", "--name-only", result).split()
    last = shell.git("show", f"{kept(shell, before)}:tests/test_core.py")
    assert last.endswith("# attempt 2\n")
    report = shell.partita("show", "last", "--part", "report").out
    assert "- **web** passed" in report
    assert "- **core** failed: 1 of 1 test failed" in report


def test_generated_code_reaches_nothing_outside_and_none_of_its_traces_land(
    offering, tmp_path, home
):
    secret = home / "secret.txt"
    secret.write_text("the user's own")
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    target = tmp_path / "outside.txt"
    tests = a_test_that(
        # Here it may find a folder of that name, in a /tmp of its own.
        f"try: open('{target}', 'w').close()",
        "except OSError: pass",
        "for path in ('/usr/outside.txt', '/etc/outside.txt', '../outside.txt'):",
        "    with self.assertRaises(OSError): open(path, 'w')",
        f"with self.assertRaises(OSError): open('{secret}')",
        f"with self.assertRaises(OSError): open('{tmp_path}/work1/notes.txt')",
        "self.assertNotIn('the user', str([p.name for p in pathlib.Path.home().glob('*')]))",
        "with self.assertRaises(OSError): socket.create_connection(('127.0.0.1', "
        f"{served.server_port}), 2)",
        "with self.assertRaises(OSError): socket.create_connection(('192.0.2.1', 80), 2)",
        "self.assertNotIn('sk-test', str(dict(os.environ)))",
        # What it does to its own tree is its own affair, and stays there.
        "pathlib.Path('hello/core.py').write_text('raise SystemExit')",
        "pathlib.Path('hello/more.py').write_text('x = 1')",
        "os.symlink('/etc', 'out')",
        "os.makedirs('many')",
        "for n in range(3000): open(f'many/{n}.txt', 'w').close()",
        "with self.assertRaises(OSError): open('.git', 'a')",
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
        "start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)",
        "self.assertEqual(greet('x'), 'Hello, x!')",
    )
    shell, _ = offering(*one_task(tests))
    shell.extra = {"OPENAI_API_KEY": "sk-test-0123456789abcdefghij"}
    before = shell.git("rev-parse", "main").strip()
    done = shell.partita(*QUICK)
    served.shutdown()
    served.server_close()
    assert done.code == 0, done.err
    assert shell.git("diff", "--name-only", before, "main").split() == PATHS
    assert (shell.folder / "hello/core.py").read_text() == CORE
    assert shell.git("status", "--porcelain") == ""
    assert not target.exists()
    assert not list((shell.folder / ".partita").rglob("[0-9]*.txt"))
    assert gone(str(shell.folder)) == []
    facts = json.loads(shell.partita("show", "last", "--json").out)
    assert facts["exit"] == 0
