"""Recordings of runs: written at a run's end, played back by `replay` and `demo`."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from partita.core.codec import decode
from partita.core.fingerprint import request_hash
from partita.core.question import Answer
from partita.ports.store import RunRecord, Store
from partita.testing.transcript import Exchange, Header, Reply, Transcript, write_transcript
from partita.wiring import GitRepo


def save_recording(run: str, store: Store, repo: GitRepo, file: Path) -> None:
    """Every exchange of the run, with what is needed to replay it; nothing when there is none."""
    exchanges = tuple(_exchange(e) for e in store.transcript(run))
    if not exchanges:
        return
    record = store.find(run)
    file.parent.mkdir(parents=True, exist_ok=True)
    asked = str(exchanges[0].request.get("model", ""))
    header = _header(record, store, repo, asked)
    write_transcript(file, Transcript(header=header, exchanges=exchanges))


def _header(record: RunRecord, store: Store, repo: GitRepo, asked: str) -> Header:
    """`asked` is the model of the first exchange, for a run that left the choice to its workers."""
    start = record.options["start"]
    result = record.result or {}
    tip = asyncio.run(tip_of(repo, result))
    said = {"answers": "doubts", "approval": "approval"}
    given: dict[str, Any] = {key: store.received(record.id, name) for key, name in said.items()}
    given["asked"] = [e.data["task"] for e in store.events(record.id) if e.type == "task.asking"]
    options = {**record.options, **{key: value for key, value in given.items() if value}}
    return Header(
        request=record.request,
        options=options,
        base=start["base"],
        seed=start["seed"],
        tree=asyncio.run(repo.tree_id(tip)) if tip else "",
        recorded=datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d"),
        model=next(iter(record.options.get("models", {}).get("coder", ())), asked),
    )


async def tip_of(repo: GitRepo, result: Mapping[str, Any]) -> str:
    """The commit that a run's result names: what landed, else where it was kept; "" for neither."""
    commit: str = result.get("commit") or ""
    return commit or await repo.resolve(result.get("kept") or "") or ""


def _exchange(row: dict[str, Any]) -> Exchange:
    answer = decode(Answer, row["reply"])
    return Exchange(
        name=row["name"],
        hash=request_hash(row["request"]),
        request=row["request"],
        reply=Reply(text=answer.text, finish=answer.finish, usage=answer.usage, model=answer.model),
    )
