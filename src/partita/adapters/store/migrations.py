"""The schema of our own tables, as steps that are only ever appended to.

The durable engine keeps its tables in the same file, so ours are all named `partita_...` and
`PRAGMA user_version` is left alone.
"""

import sqlite3

from partita.errors import BadInput

STEPS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE partita_runs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            request TEXT NOT NULL,
            options TEXT NOT NULL,
            created REAL NOT NULL,
            status TEXT NOT NULL,
            exit INTEGER,
            result TEXT)""",
        """CREATE TABLE partita_events (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            run TEXT NOT NULL,
            key TEXT NOT NULL,
            at REAL NOT NULL,
            type TEXT NOT NULL,
            data TEXT NOT NULL,
            UNIQUE (run, key))""",
        "CREATE INDEX partita_events_by_run ON partita_events (run, seq)",
        """CREATE TABLE partita_ledger (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run TEXT NOT NULL,
            question TEXT NOT NULL,
            model TEXT NOT NULL,
            role TEXT NOT NULL,
            task TEXT,
            activity TEXT NOT NULL,
            held INTEGER NOT NULL,
            cost INTEGER NOT NULL DEFAULT 0,
            usage TEXT,
            state TEXT NOT NULL DEFAULT 'held',
            at REAL NOT NULL,
            owner TEXT NOT NULL)""",
        "CREATE INDEX partita_ledger_by_run ON partita_ledger (run, state, held, cost)",
        """CREATE TABLE partita_answers (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL,
            run TEXT NOT NULL,
            blob TEXT NOT NULL,
            spoilt INTEGER NOT NULL DEFAULT 0,
            at REAL NOT NULL,
            UNIQUE (key, run))""",
        """CREATE TABLE partita_exchanges (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            run TEXT NOT NULL,
            question TEXT NOT NULL,
            answer INTEGER NOT NULL,
            UNIQUE (run, question, answer))""",
        "CREATE INDEX partita_exchanges_by_answer ON partita_exchanges (answer, run)",
        """CREATE TABLE partita_signals (
            run TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            at REAL NOT NULL,
            PRIMARY KEY (run, name))""",
    ),
)


def version(db: sqlite3.Connection) -> int:
    """How many steps the file has seen; BadInput when a newer Partita wrote it."""
    known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'partita_schema'").fetchone()
    if known is None:
        return 0
    done = db.execute("SELECT max(version) FROM partita_schema").fetchone()[0] or 0
    if done > len(STEPS):
        raise BadInput(
            "the runs of this repository were written by a newer Partita",
            remedy="upgrade it: pip install --upgrade partita",
        )
    return int(done)


def migrate(db: sqlite3.Connection) -> None:
    """Take the steps that the file has not seen, all or none of them."""
    if version(db) == len(STEPS):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("CREATE TABLE IF NOT EXISTS partita_schema (version INTEGER PRIMARY KEY)")
        for number, step in enumerate(STEPS[version(db) :], start=version(db) + 1):
            for statement in step:
                db.execute(statement)
            db.execute("INSERT INTO partita_schema (version) VALUES (?)", (number,))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
