"""Reading all sources and laying them over each other; everything wrong is said at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from partita.core.question import ROLES, Role
from partita.errors import BadSettings
from partita.settings.keys import KEYS, Key
from partita.settings.models import list_of, named, read_table, unknown
from partita.settings.parsers import is_name, names
from partita.settings.source import Source, Unusable, parse, read_file
from partita.settings.values import ModelTable, Settings

CONFIG = "PARTITA_CONFIG"
PROJECT = "partita.toml"
TABLES = ("roles", "models")
TYPO = 0.85  # how alike a variable must be to one of ours to be taken for a slip


@dataclass(slots=True)
class _Reading:
    """What was read so far, and all that was wrong."""

    values: dict[str, Any] = field(default_factory=dict)
    roles: dict[Role, tuple[str, ...]] = field(default_factory=dict)
    models: dict[str, ModelTable] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)  # also those that could not be read
    origin: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    routes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's own settings file: `PARTITA_CONFIG`, else in the platform's own place."""
    if environ.get(CONFIG):
        return Path(environ[CONFIG])
    from platformdirs import user_config_dir  # noqa: PLC0415 - 35 ms that most commands can spare

    return Path(user_config_dir("partita")) / "config.toml"


def load_settings(
    *,
    project: Path | str | None = None,
    user: Path | None = None,
    environ: Mapping[str, str],
    flags: Mapping[str, object],
) -> Settings:
    """The settings in force.

    `project` is the path of the repository's `partita.toml`, or its text; `user` the path of the
    user's own file. Files that do not exist say nothing. Flags are named like settings; None and
    empty ones were not given. Raises BadSettings with one line for each problem.
    """
    reading = _Reading()
    own = _user(reading, user, environ)
    theirs = _project(reading, project)
    trusted = [own, _environment(reading, environ), _flags(flags)]
    for source in (trusted[0], theirs, *trusted[1:]):
        _values(reading, source)
        _roles(reading, source)
        _models(reading, source, own)
    _distrust(reading, theirs, trusted, user)
    for place, route in reading.routes:
        reading.problems += [
            f"{place}: {unknown(name, tuple(reading.models))}"
            for name in route
            if name not in reading.tables and named(name) is None
        ]
    if reading.problems:
        raise BadSettings("\n".join(dict.fromkeys(map(_shown, reading.problems))))
    if ours := reading.values.get("role_budgets"):
        kept = {role: amount for role, amount in ours.items() if amount is not None}
        reading.values["role_budgets"] = kept
    return Settings(
        **reading.values, roles=reading.roles, models=reading.models, origin=reading.origin
    )


def _shown(problem: str) -> str:
    """Fit for a terminal: a repository's file could hold line breaks and escape sequences."""
    return "".join(c if c.isprintable() else "?" for c in problem)


def _user(reading: _Reading, path: Path | None, environ: Mapping[str, str]) -> Source:
    if path is None:
        return Source(kind="user")
    try:
        text = read_file(path, links=True)
        if text is None and environ.get(CONFIG) == str(path):
            reading.problems.append(f"{CONFIG}: there is no file {path}")
        return parse("user", str(path), text or "")
    except Unusable as e:
        reading.problems.append(f"{path}: {e}")
    return Source(kind="user", label=str(path))


def _project(reading: _Reading, given: Path | str | None) -> Source:
    try:
        text = read_file(given, links=False) if isinstance(given, Path) else given
        return parse("project", PROJECT, text or "")
    except Unusable as e:
        reading.problems.append(f"{PROJECT}: {e}")
    return Source(kind="project", label=PROJECT)


def _environment(reading: _Reading, environ: Mapping[str, str]) -> Source:
    known = {key.variable: key.name for key in KEYS.values()}
    for name in environ:
        if name.startswith("PARTITA_") and name not in known and name != CONFIG:
            close = get_close_matches(name, [*known, CONFIG], n=1, cutoff=TYPO)
            reading.problems += [f"{name[:60]}: unknown; did you mean {word}?" for word in close]
    values = {known[name]: value for name, value in environ.items() if name in known and value}
    return Source(kind="environment", values=values)


def _flags(flags: Mapping[str, object]) -> Source:
    given = {name: value for name, value in flags.items() if value not in (None, "", (), [])}
    return Source(kind="flag", values=given)


def _values(reading: _Reading, source: Source) -> None:
    for name, value in source.values.items():
        place = source.place(name)
        if name in TABLES:
            continue
        key = KEYS.get(name)
        if key is None:
            reading.problems.append(f"{place}: {_no_setting(name, source)}")
            continue
        try:
            parsed = key.parse(value)
        except ValueError as e:
            reading.problems.append(f"{place}: {name}: {e}")
            continue
        if isinstance(parsed, dict):  # by role: what is said of one leaves the others alone
            parsed = {**reading.values.get(name, {}), **parsed}
        reading.values[name] = parsed
        reading.origin[name] = place
        if name == "model":
            reading.routes.append((place, parsed))
            # A model given later speaks for every role, as the later source always does.
            for role in reading.roles:
                reading.origin.pop(f"roles.{role}", None)
            reading.roles = {}


def _no_setting(name: str, source: Source) -> str:
    close = get_close_matches(name, [*KEYS, *TABLES], n=1)
    if close:
        return f"{name[:60]}: unknown; did you mean {close[0]}?"
    where = "" if source.kind != "project" else " by a repository"
    return f"{name[:60]}: can't be set{where}; known are {list_of(KEYS)}, roles, models"


def _roles(reading: _Reading, source: Source) -> None:
    table = source.values.get("roles", {})
    if not isinstance(table, dict):
        reading.problems.append(f"{source.place('roles')}: roles: want a table")
        return
    for name, value in table.items():
        place = source.place("roles", name)
        role = next((role for role in ROLES if role == name), None)
        if role is None:
            close = get_close_matches(name, ROLES, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(ROLES)}"
            reading.problems.append(f"{place}: roles.{name[:60]}: unknown; {hint}")
            continue
        try:
            route = names(value)
        except ValueError as e:
            reading.problems.append(f"{place}: roles.{name}: {e}")
            continue
        reading.roles[role] = route
        reading.origin[f"roles.{role}"] = place
        reading.routes.append((place, route))


def _models(reading: _Reading, source: Source, own: Source) -> None:
    tables = source.values.get("models", {})
    if not isinstance(tables, dict):
        reading.problems.append(f"{source.place('models')}: models: want tables, [models.X]")
        return
    mine = own.values.get("models", {})
    reading.tables |= tables.keys()
    for name, given in tables.items():
        if source.kind == "project" and isinstance(mine, dict) and name in mine:
            reading.problems.append(
                f"{source.place('models', name)}: models.{name}: is in your own file already "
                f"({own.label}), and a repository may not change it"
            )
            continue
        table = read_table(source, name, given)
        if isinstance(table, ModelTable):
            reading.models[name] = table
            reading.origin[f"models.{name}"] = source.place("models", name)
        else:
            reading.problems += table


def _distrust(reading: _Reading, theirs: Source, trusted: list[Source], user: Path | None) -> None:
    """What a repository asks for beyond what the user allows is refused, overruled or not."""
    defaults = {f.name: f.default for f in fields(Settings)}
    for name in theirs.values:
        key = KEYS.get(name)
        if key is None:
            continue
        wanted = _parsed(key, theirs)
        allowed = [_parsed(key, s) for s in trusted if name in s.values] or [defaults[name]]
        if key.own:
            why = "a repository may not set it"
        elif key.lowers and _raises(wanted, allowed):
            why = f"a repository may not raise {'it' if 'budget' not in name else 'the cap'}"
        elif name == "remote" and wanted and not is_name(wanted):
            why = "a repository may not say where one is, only name it"
        elif name == "approve" and wanted is False and True in allowed:
            why = "a repository may not turn it off"
        else:
            continue
        file = user or "your own settings file"
        reading.problems.append(
            f"{theirs.place(name)}: {name}: {why}; set it in {file}, "
            f"by {key.variable} or by {key.flag}"
        )


def _parsed(key: Key, source: Source) -> Any:
    try:
        return key.parse(source.values[key.name])
    except ValueError:
        return 0  # said already, as a problem of its own


def _raises(wanted: Any, allowed: list[Any]) -> bool:
    """Is more wanted than the trusted sources allow, in all or for one role?"""
    if not isinstance(wanted, dict):
        return _more(wanted, allowed)
    tables = [table for table in allowed if isinstance(table, dict)]
    return any(
        _more(amount, [table[role] for table in tables if role in table] or [None])
        for role, amount in wanted.items()
    )


def _more(wanted: int | None, allowed: list[int | None]) -> bool:
    if None in allowed:
        return False
    return wanted is None or wanted > max(amount for amount in allowed if amount is not None)
