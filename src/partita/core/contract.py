"""Do the files that a task wrote hold what its contracts promise? By names and signatures only.

Where Python's freedom leaves doubt (star imports, unknown decorators, base classes elsewhere) the
contract counts as kept: tests decide then.
"""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from partita.core.plan import Contract, Plan, Task

SIZE = 1_000_000  # characters of a file that is looked at
SIGNATURE = 10_000  # characters

Function = ast.FunctionDef | ast.AsyncFunctionDef

_DECLARED = re.compile(
    r"(?P<async>async\s+)?(?P<def>def\s+)?(?:[A-Za-z_]\w*\.)*(?P<rest>[A-Za-z_]\w*\s*\(.*)",
    re.DOTALL,
)
_MOVING = frozenset({"init", "kw_only"})  # options that change how a dataclass is called

# Decorators that leave the parameters as they are written.
PLAIN = frozenset(
    {
        "abstractmethod",
        "asynccontextmanager",
        "cache",
        "classmethod",
        "contextmanager",
        "final",
        "lru_cache",
        "overload",
        "override",
        "staticmethod",
    }
)


def check_contracts(plan: Plan, task: Task, files: Mapping[str, str]) -> tuple[str, ...]:
    """What the task's files break of the contracts that it provides, as sentences.

    `files` holds the texts after the build by path. A contract without a path, or that the plan
    does not know, is not checked; of a file that is not Python only that it is there.
    """
    modules: dict[str, ast.Module | str] = {}
    breaches: list[str] = []
    for contract in plan.contracts:
        path = contract.path
        if contract.id not in task.provides or not path:
            continue
        if path not in files:
            breaches.append(f"`{path}` is missing; the contract `{contract.id}` names it.")
        elif path.endswith((".py", ".pyi")):
            if path not in modules:
                modules[path] = _parse(files[path])
            module = modules[path]
            why = module if isinstance(module, str) else _broken(contract, module)
            if why:
                breaches.append(f"`{path}` {why} (contract `{contract.id}`).")
    return tuple(breaches)


def _parse(text: str) -> ast.Module | str:
    """The module, or why there is none, as the rest of a sentence."""
    if len(text) > SIZE:
        return f"is longer than {SIZE:,} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about invalid escapes: not ours to print
            return ast.parse(text)
    except SyntaxError as e:
        return f"is not valid Python: {e.msg} in line {e.lineno}"
    except (ValueError, RecursionError, MemoryError) as e:
        return f"can't be read as Python ({type(e).__name__})"


# --- names --------------------------------------------------------------------------------------


def _broken(contract: Contract, module: ast.Module) -> str | None:
    """What the module breaks of the contract, as the rest of a sentence."""
    symbol = contract.symbol.strip().removesuffix("()")
    parts = symbol.split(".")
    if len(symbol) > SIGNATURE or not all(part.isidentifier() for part in parts):
        return None
    body: Sequence[ast.stmt] = module.body
    owner: ast.ClassDef | None = None
    for left, part in zip(reversed(range(len(parts))), parts, strict=True):
        found = list(_named(body, part))
        if not found and owner is None:
            return None if _open(body) else f"does not define `{part}` at its top level"
        if not found and owner is not None:
            return None if _hides(owner, part) else f"has no `{part}` in its class `{owner.name}`"
        if not left:
            return _unlike(contract.signature, symbol, found)
        owner = next((n for n in found if isinstance(n, ast.ClassDef)), None)
        if owner is None:
            return None  # an attribute of an object, which only running shows
        body = owner.body
    return None


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a scope, those within its ifs, tries, loops and withs included."""
    todo = list(reversed(body))
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, Function | ast.ClassDef):
            inner: list[ast.stmt] = []
            for key in ("body", "orelse", "finalbody"):
                inner += getattr(node, key, ())
            for handler in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                inner += handler.body
            todo += reversed(inner)


def _named(body: Sequence[ast.stmt], name: str) -> Iterator[ast.stmt]:
    """The statements of the scope that define the name."""
    for node in _statements(body):
        if isinstance(node, Function | ast.ClassDef):
            if node.name == name:
                yield node
        elif name in _bound(node):
            yield node


def _bound(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            for alias in names:
                yield alias.asname or alias.name.partition(".")[0]
        case ast.Assign(targets=targets):
            for target in targets:
                yield from _targets(target)
        case ast.AnnAssign(target=target) | ast.For(target=target) | ast.AsyncFor(target=target):
            yield from _targets(target)
        case ast.With(items=items) | ast.AsyncWith(items=items):
            for item in items:
                if item.optional_vars is not None:
                    yield from _targets(item.optional_vars)
        case _:
            name = getattr(node, "name", None)  # `type X = ...`, from Python 3.12 on
            if isinstance(name, ast.Name):
                yield name.id


def _targets(target: ast.expr) -> Iterator[str]:
    todo = [target]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Tuple | ast.List):
            todo += node.elts
        elif isinstance(node, ast.Starred):
            todo.append(node.value)


def _open(body: Sequence[ast.stmt]) -> bool:
    """May the module hold names that its text does not show?"""
    return any(
        (isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names))
        or (isinstance(node, Function) and node.name == "__getattr__")
        for node in _statements(body)
    )


def _hides(owner: ast.ClassDef, name: str) -> bool:
    """May the class, or its instances, hold the name though its body does not define it?"""
    bases = [b for b in owner.bases if not (isinstance(b, ast.Name) and b.id == "object")]
    return bool(bases or owner.keywords or owner.decorator_list) or any(
        (isinstance(node, Function) and node.name == "__getattr__")
        or (isinstance(node, ast.Attribute) and node.attr == name)
        for node in ast.walk(owner)
    )


# --- signatures ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parameters:
    """How something is called; the first `required` of `positional` have no default."""

    positional: tuple[str, ...]
    required: int
    keywords: Mapping[str, bool]  # keyword-only ones: must it be given?
    rest: bool = False  # *args
    others: bool = False  # **kwargs

    def __str__(self) -> str:
        optional = [f"{name}=..." for name in self.positional[self.required :]]
        keywords = [name if must else f"{name}=..." for name, must in self.keywords.items()]
        star = ["*args"] if self.rest else ["*"] if keywords else []
        more = ["**kwargs"] if self.others else []
        parts = [*self.positional[: self.required], *optional, *star, *keywords, *more]
        return f"({', '.join(parts)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A contract's signature; `asynchronous` is None where it does not say."""

    parameters: _Parameters
    asynchronous: bool | None


def _unlike(signature: str, symbol: str, found: Iterable[ast.stmt]) -> str | None:
    """How all the definitions differ from the signature; None if one does not, or may not."""
    wanted = _signature(signature)
    if wanted is None:
        return None
    why = None
    for node in found:
        why = _differs(wanted, node, method="." in symbol)
        if why is None:
            return None
    return f"defines `{symbol}` otherwise: {why}"


def _signature(text: str) -> _Wanted | None:
    """What the text declares; None for what is no signature of a function."""
    match = _DECLARED.match(text.strip().strip("`")) if len(text) <= SIGNATURE else None
    if match is None:
        return None
    rest = match["rest"].rstrip().removesuffix("...").rstrip().removesuffix(":")
    module = _parse(f"def {rest}: ...")
    if not isinstance(module, ast.Module) or len(module.body) != 1:
        return None
    node = module.body[0]
    if not isinstance(node, ast.FunctionDef):
        return None
    said = match["def"] is not None or match["async"] is not None
    first = [a.arg for a in (*node.args.posonlyargs, *node.args.args)][:1]
    return _Wanted(
        parameters=_parameters(node.args, bound=first in (["self"], ["cls"])),
        asynchronous=match["async"] is not None if said else None,
    )


def _parameters(args: ast.arguments, *, bound: bool) -> _Parameters:
    positional = [a.arg for a in (*args.posonlyargs, *args.args)]
    required = len(positional) - len(args.defaults)
    if bound and positional:
        positional, required = positional[1:], max(0, required - 1)
    return _Parameters(
        positional=tuple(positional),
        required=required,
        keywords={
            a.arg: default is None
            for a, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
        },
        rest=args.vararg is not None,
        others=args.kwarg is not None,
    )


def _differs(wanted: _Wanted, node: ast.stmt, *, method: bool) -> str | None:
    """How the definition differs from the signature; None where it does not, or may not."""
    if isinstance(node, ast.ClassDef):
        have = _construction(node)
        return _calls(wanted.parameters, have) if have else None
    decorators = {_last_name(d) for d in getattr(node, "decorator_list", ())}
    if not isinstance(node, Function) or not decorators <= PLAIN:
        return None
    is_async = isinstance(node, ast.AsyncFunctionDef)
    generator = any(isinstance(n, ast.Yield) for n in ast.walk(node))
    if wanted.asynchronous is not None and is_async != wanted.asynchronous and not generator:
        return "it is async" if is_async else "it is not async"
    bound = method and "staticmethod" not in decorators
    return _calls(wanted.parameters, _parameters(node.args, bound=bound))


def _construction(node: ast.ClassDef) -> _Parameters | None:
    """How the class is called, by its own `__init__` or its fields; None where that is unsure."""
    for inner in _named(node.body, "__init__"):
        if isinstance(inner, ast.FunctionDef) and not inner.decorator_list:
            return _parameters(inner.args, bound=True)
        return None
    decorators = [_last_name(d) for d in node.decorator_list]
    options = [k for d in node.decorator_list if isinstance(d, ast.Call) for k in d.keywords]
    if decorators != ["dataclass"] or node.bases or any(k.arg in _MOVING for k in options):
        return None
    fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
    if any(isinstance(n.value, ast.Call) or "ClassVar" in ast.dump(n.annotation) for n in fields):
        return None
    names = tuple(n.target.id for n in fields if isinstance(n.target, ast.Name))
    if "_" in names:  # the KW_ONLY mark
        return None
    return _Parameters(
        positional=names, required=sum(1 for n in fields if n.value is None), keywords={}
    )


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _calls(wanted: _Parameters, have: _Parameters) -> str | None:
    """Why a call that the contract allows would not fit; None if every one does."""
    must, may = wanted.positional[: wanted.required], wanted.positional[wanted.required :]
    fits = have.positional[: len(must)] == must or (
        have.rest and have.positional == must[: len(have.positional)]
    )
    known = {*have.positional, *have.keywords}
    optional = have.others or known.issuperset((*may, *wanted.keywords))
    extra = have.positional[len(must) : have.required]
    needed = {name for name, needs in have.keywords.items() if needs}
    if fits and optional and not extra and needed <= wanted.keywords.keys():
        return None
    return f"it takes {have}, and the contract says {wanted}"
