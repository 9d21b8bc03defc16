"""Contracts are checked by names and signatures; doubt is left to the tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.contract import check_contracts
from partita.core.plan import Contract, Plan, Task


def breaches(text, symbol, signature="", path="lib.py", files=None):
    contract = Contract(id="c", kind="function", signature=signature, path=path, symbol=symbol)
    task = Task(id="t", objective="", touch=("**",), provides=("c",))
    plan = Plan(name="p", tasks=(task,), contracts=(contract,))
    return check_contracts(plan, task, {path: text} if files is None else files)


KEPT = [
    ("def f(a, b): ...", "f", "def f(a, b)"),
    ("def f(a, b): ...", "f", "f(a, b) -> int"),
    ("def f(a: int, b: str = '', *, c=1) -> int: ...", "f", "def f(a: str) -> str:"),
    ("def f(a=1): ...", "f", "def f(a): ..."),
    ("def f(a, *args): ...", "f", "f(a, b)"),
    ("def f(a, **more): ...", "f", "f(a, b=1)"),
    ("def f(a, *, b=1): ...", "f", "f(a, b=1)"),
    ("def f(a, /): ...", "f", "f(a)"),
    ("async def f(a): ...", "f", "async def f(a)"),
    ("async def f(a): ...", "f", "f(a)"),
    ("async def f(a):\n    yield a", "f", "def f(a) -> AsyncIterator[int]"),
    ("f = make()", "f", "def f(a)"),
    ("f: int = 1", "f", ""),
    ("(e, [f, *g]) = x", "g", ""),
    ("from x import y as f", "f", "def f(a)"),
    ("import f.g", "f", ""),
    ("from x import *", "f", "def f(a)"),
    ("def __getattr__(name): ...", "f", ""),
    ("try:\n    from x import f\nexcept ImportError:\n    def f(b): ...", "f", "def f(a)"),
    ("if True:\n    pass\nelif x:\n    def f(a): ...", "f", "f(a)"),
    ("match x:\n    case 1:\n        def f(a): ...", "f", "f(a)"),
    ("with x as f: ...", "f", ""),
    ("for f in x: ...", "f", ""),
    ("@app.command()\ndef f(b): ...", "f", "def f(a)"),
    ("@overload\ndef f(b): ...\n@overload\ndef f(a): ...", "f", "f(a)"),
    ("class C:\n    def f(self, a): ...", "C.f", "def f(self, a)"),
    ("class C:\n    def f(self, a): ...", "C.f", "C.f(a)"),
    ("class C:\n    @staticmethod\n    def f(a): ...", "C.f", "f(a)"),
    ("class C:\n    @classmethod\n    def f(cls, a): ...", "C.f", "def f(cls, a)"),
    ("class C:\n    @property\n    def f(self): ...", "C.f", ""),
    ("class C:\n    def __init__(self):\n        self.f = 1", "C.f", ""),
    ("class C(Base): ...", "C.f", "def f(self, a)"),
    ("class C(Base): ...", "C", "C(a)"),
    ("class C:\n    def __init__(self, a): ...", "C", "class C(path: str)"),
    ("class C:\n    def __init__(self, a): ...", "C", "C(a)"),
    ("class C:\n    def __init__(self, a): ...", "C", "class C"),
    ("@dataclass\nclass C:\n    a: int\n    b: int = 1", "C", "C(a)"),
    ("@dataclass(kw_only=True)\nclass C:\n    b: int", "C", "C(a)"),
    ("@dataclass\nclass C:\n    b: int = field(init=False)", "C", "C(a)"),
    ("class C:\n    class D:\n        x = 1", "C.D.x", ""),
    ("c = make()", "c.f", ""),
    ("def f(b): ...", "f", "takes a thing and returns another"),
    ("def f(b): ...", "f", "def f(a); def g(b)"),
    ("def f(b): ...", "f", "def f(" + "a" * 20_000 + ")"),
    ("x = 1", "", ""),
    ("x = 1", "GET /todos", ""),
    ("def f(): return '\\d'", "f", "f()"),
]


@pytest.mark.parametrize(("text", "symbol", "signature"), KEPT)
def test_a_contract_that_is_kept_or_may_be_is_no_breach(text, symbol, signature):
    assert breaches(text, symbol, signature) == ()


BROKEN = [
    ("x = 1", "f", "", "does not define `f` at its top level"),
    ("def g():\n    def f(): ...", "f", "", "does not define `f`"),
    ("class C: ...", "C.f", "", "has no `f` in its class `C`"),
    ("def f(b): ...", "f", "def f(a)", "it takes (b), and the contract says (a)"),
    ("def f(b, a): ...", "f", "f(a, b)", "it takes (b, a), and the contract says (a, b)"),
    ("def f(a, b): ...", "f", "f(a, b=1)", "it takes (a, b), and the contract says (a, b=...)"),
    ("def f(a): ...", "f", "f(a, b=1)", "it takes (a)"),
    ("def f(a): ...", "f", "f(a, *, b)", "the contract says (a, *, b)"),
    ("def f(a, *, b): ...", "f", "f(a)", "it takes (a, *, b)"),
    ("def f(): ...", "f", "f(a)", "it takes ()"),
    ("async def f(a): ...", "f", "def f(a)", "it is async"),
    ("def f(a): ...", "f", "async def f(a)", "it is not async"),
    ("class C:\n    def f(self, b): ...", "C.f", "def f(self, a)", "defines `C.f` otherwise"),
    ("class C:\n    def __init__(self, b): ...", "C", "C(a)", "it takes (b)"),
    ("@dataclass\nclass C:\n    b: int", "C", "C(a)", "it takes (b)"),
    ("def f(:", "f", "", "is not valid Python: "),
    ("x = '\0'", "f", "", "is"),
    ("x = 1\n" * 400_000, "f", "", "is longer than 1,000,000 characters"),
    ("x = " + "(" * 900 + ")" * 900, "f", "", "is"),
    ("x = " + "-" * 200_000 + "1", "f", "", "can't be read as Python"),
    ("x" + ".x" * 200_000, "f", "", "lib.py"),
    ("x = " + "1+" * 200_000 + "1", "f", "", "lib.py"),
]


@pytest.mark.parametrize(("text", "symbol", "signature", "said"), BROKEN)
def test_a_breach_says_where_and_what_differs(text, symbol, signature, said):
    (found,) = breaches(text, symbol, signature)
    assert found.startswith("`lib.py` ")
    assert said in found
    assert "contract `c`" in found


def test_a_long_chain_of_branches_is_walked():
    text = "if a:\n    pass\n" + "elif a:\n    pass\n" * 300 + "else:\n    def f(): ...\n"
    assert breaches(text, "f", "f()") == ()


def test_a_file_that_is_not_python_only_has_to_be_there():
    assert breaches("anything", "f", path="api.json") == ()
    assert breaches("", "f", path="api.json", files={}) == (
        "`api.json` is missing; the contract `c` names it.",
    )
    assert breaches("", "GET /todos", path="") == ()


def test_only_what_the_task_provides_is_checked():
    contracts = (
        Contract(id="mine", kind="function", signature="", path="a.py", symbol="f"),
        Contract(id="other", kind="function", signature="", path="b.py", symbol="g"),
    )
    task = Task(id="t", objective="", touch=("**",), provides=("mine", "unknown"), uses=("other",))
    plan = Plan(name="p", tasks=(task,), contracts=contracts)
    assert check_contracts(plan, task, {"a.py": "f = 1"}) == ()
    assert len(check_contracts(plan, task, {})) == 1


@LAW
@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=40))
def test_any_text_is_judged_without_an_exception(text, symbol, signature):
    breaches(text, symbol, signature)


words = st.lists(
    st.sampled_from(
        ["def ", "async ", "class ", "f", "(", ")", "a", ", ", "=1", "*", "/", ":", "\n "]
    ),
    max_size=14,
).map("".join)


@LAW
@given(words, words)
def test_any_near_python_is_judged_without_an_exception(text, signature):
    breaches(text, "f", signature)
