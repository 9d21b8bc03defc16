"""What becomes of each run in the register at a clean-up, after a look at what really landed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from partita.cli.traces import as_landed, landed_unnoticed, note_landed
from partita.core.retention import Bounds, Fate, Past, fates
from partita.ports.store import RunRecord, Store
from partita.wiring import GitRepo


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Decides what becomes of the runs in the register."""

    repo: GitRepo
    store: Store
    shared: bool
    bounds: Bounds
    now: float
    really: bool

    def fates(self) -> tuple[Mapping[str, RunRecord], Mapping[str, Fate]]:
        """The records and the fates by run; what landed unnoticed is not given up."""
        records = {r.id: r for r in self.store.all()}
        found = self._fates(records)
        given_up = [run for run, fate in found.items() if fate.given_up]
        if given_up and self.really:
            asyncio.run(self.repo.finish_landing())
        if self.shared or not given_up:  # there, the branch is the remote's
            return records, found
        for run in given_up:
            records[run] = self._noticed(records[run])
        return records, self._fates(records)

    def _noticed(self, record: RunRecord) -> RunRecord:
        if not (commit := landed_unnoticed(self.repo, record)):
            return record
        if not self.really:
            return as_landed(record, commit)
        self.store.abandon(record.id)
        return note_landed(self.store, record, commit)

    def _fates(self, records: Mapping[str, RunRecord]) -> Mapping[str, Fate]:
        past = [
            Past(
                run=r.id,
                status=r.status,
                exit=r.exit,
                created=r.created,
                origin=r.options.get("forked_from"),
                busy=self.shared and r.status in ("running", "waiting"),
            )
            for r in records.values()
        ]
        return {f.run: f for f in fates(past, self.bounds, self.now)}
