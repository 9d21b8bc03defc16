"""Answers of a model for a small service, as rules for the stub provider."""

import json

ANALYSIS = {
    "kind": "build",
    "name": "hello",
    "goal": "A greeting can be had from code and from a page.",
    "requirements": [
        {"text": "greet(name) gives Hello, NAME!", "priority": "must", "criteria": ["exact text"]}
    ],
    "go": True,
    "why": "small and clear",
    "maturity_now": 1,
    "maturity_wanted": 4,
    "gaps": [],
}
PLAN = {
    "name": "hello",
    "architecture": "A core function, and a page that uses it.",
    "test_command": "python -m unittest",
    "contracts": [
        {
            "id": "greet",
            "kind": "function",
            "path": "hello/core.py",
            "symbol": "greet",
            "signature": "def greet(name: str) -> str",
            "note": "returns Hello, NAME!",
        }
    ],
    "tasks": [
        {
            "id": "core",
            "objective": "the greeting",
            "touch": [
                "hello/core.py",
                "hello/__init__.py",
                "tests/__init__.py",
                "tests/test_core.py",
            ],
            "provides": ["greet"],
            "files": [
                {"path": "hello/__init__.py", "importance": "low", "lines": 1},
                {"path": "tests/__init__.py", "importance": "low", "lines": 1},
                {"path": "hello/core.py", "lines": 10},
                {"path": "tests/test_core.py", "lines": 10},
            ],
        },
        {
            "id": "web",
            "objective": "the page",
            "touch": ["hello/web.py", "tests/test_web.py", "README.md"],
            "uses": ["greet"],
            "files": [
                {"path": "hello/web.py", "lines": 10},
                {"path": "tests/test_web.py", "lines": 10},
                {"path": "README.md", "lines": 5},
            ],
        },
    ],
}


def file(path, text, attributes=""):
    return f'<file path="{path}" id="{{nonce}}"{attributes}>\n{text}</file {{nonce}}>\n'


def edit(path, search, replace):
    body = f"<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"
    return file(path, body, ' op="edit"')


CORE = '"""Greeting."""\n\n\ndef greet(name: str) -> str:\n    return f"Hello, {name}!"\n'
BROKEN = CORE.replace("Hello, {name}!", "Hello {name}")
TEST_CORE = (
    "import unittest\n\nfrom hello.core import greet\n\n\nclass Greet(unittest.TestCase):\n"
    "    def test_text(self):\n        self.assertEqual(greet('x'), 'Hello, x!')\n"
)
WEB = (
    '"""The page."""\n\nfrom hello.core import greet\n\n\n'
    "def page(name: str) -> str:\n    return greet(name)\n"
)
TEST_WEB = (
    "import unittest\n\nfrom hello.web import page\n\n\nclass Page(unittest.TestCase):\n"
    "    def test_page(self):\n        self.assertIn('x', page('x'))\n"
)
README = "# hello\n\nA greeting.\n"


def rule(match, reply, **more):
    return {"match": match, "reply": reply, **more}


def analysis(**changes):
    return rule("Analyse the request", json.dumps({**ANALYSIS, **changes}))


def plan(**changes):
    return rule("Divide the work into tasks", json.dumps({**PLAN, **changes}))


def core(text=CORE, tests=TEST_CORE, **more):
    reply = file("hello/core.py", text) + file("tests/test_core.py", tests)
    return rule("`core`: the greeting", reply, **more)


def web(**more):
    reply = (
        file("hello/web.py", WEB) + file("tests/test_web.py", TEST_WEB) + file("README.md", README)
    )
    return rule("`web`: the page", reply, **more)


def fix():
    reply = edit("hello/core.py", '    return f"Hello {name}"\n', '    return f"Hello, {name}!"\n')
    return rule("`core`: the greeting[\\s\\S]*What failed", reply)


def good(**changes):
    """A whole run whose first attempt at the core fails and is mended."""
    return [analysis(), plan(**changes), fix(), core(BROKEN), web()]


REQUEST = "Build a hello service"
