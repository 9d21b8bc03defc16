"""What a run is told at its start; recorded once, so that a resumed run hears the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from partita.core.analysis import Depth
from partita.core.pace import Pace
from partita.core.scope import SHARP, Blind
from partita.core.thrift import Thrift

ACTIVITIES = (
    "engage",
    "discover",
    "plan",
    "assess",
    "design",
    "provision",
    "build",
    "test",
    "finalise",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The request and all that shapes the run.

    `base` is a commit ("" for an unborn branch), `branch` the one to land on (None: detached).
    `until` is the last activity to do. `plan` is the JSON of a plan file that replaces analysis
    and design. `interactive`: somebody sits at a terminal and can be asked.
    `generation`: how often the run was begun anew over what it had; `redo`: the activities
    ("activity:design") and tasks ("task:store") whose questions are asked anew, each with what
    tells its new answers from the old. `author`: whose name a landing elsewhere carries.
    `pace`: how long tasks take here, `thrift`: how many calls and tokens, both learnt from earlier
    runs. `blind`: what names the work tree's
    file system takes for the same. `asked`: in a replay, the tasks that asked for more, in order.
    """

    request: str
    seed: str
    base: str = ""
    branch: str | None = None
    subfolder: str = ""
    depth: Depth = "standard"
    until: str = "finalise"
    dry_run: bool = False
    approve: bool = False
    interactive: bool = False
    confirmed: bool = False
    name: str | None = None
    max_parallel: int = 4
    rounds: int = 3
    test_command: str | None = None
    plan: dict[str, Any] | None = None
    no_model: bool = False
    land: bool = True
    pace: Pace = field(default_factory=Pace)
    thrift: Thrift = field(default_factory=Thrift)
    blind: Blind = SHARP
    asked: tuple[str, ...] = ()
    generation: int = 0
    redo: Mapping[str, str] = field(default_factory=dict)
    author: str = ""

    def includes(self, activity: str) -> bool:
        """Is the activity to be done?"""
        return ACTIVITIES.index(activity) <= ACTIVITIES.index(self.until)
