"""A reviewer's verdict out of a reply."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from partita.core.reply.documents import read_json
from partita.core.reply.thinking import spoken
from partita.core.reply.value import JsonRung, Unreadable

REVIEW_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "verdict": {"enum": ["accept", "rework"]},
        "findings": {"type": "array", "items": {"type": "string", "minLength": 1}},
    },
    "required": ["verdict", "findings"],
    "additionalProperties": False,
}
"""What a reviewer is asked for: a verdict, and what is wrong in one sentence each."""

_TOLERATED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "verdict": {"enum": ["accept", "Accept", "ACCEPT", "rework", "Rework", "REWORK"]},
        "findings": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["verdict", "findings"],
    "additionalProperties": False,
}

_AGAINST = re.compile(r"\breject\b|\bverdict\b[^\w\\]{0,8}rework\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A model's opinion of a change; each finding is one sentence.

    `rung` says how the reply was read, `problems` what had to be tolerated.
    """

    verdict: Literal["accept", "rework"]
    findings: tuple[str, ...] = ()
    rung: JsonRung = "whole"
    problems: tuple[str, ...] = ()


def read_review(text: str, *, finish: str = "stop") -> Review | Unreadable:
    """The verdict in a reply; without one that is whole and clear there is no approval.

    "rework" must say what is wrong; an "accept" may have remarks.
    """
    if finish == "refused":
        return Unreadable(why="the reviewer declined")
    read = read_json(text, _TOLERATED, finish=finish)
    if isinstance(read, Unreadable):
        return read
    if read.truncated:
        return Unreadable(why="the review was cut before its end; give fewer, shorter findings")
    verdict = read.value["verdict"].lower()
    findings = tuple(finding.strip() for finding in read.value["findings"] if finding.strip())
    if verdict == "rework" and not findings:
        return Unreadable(why="the verdict is rework, but no finding says what is wrong")
    said = spoken(text, until=len(text))
    if verdict == "accept" and isinstance(said, str) and _speaks_against(said, read.rung):
        return Unreadable(why="it says both accept and rework: give one verdict, and nothing else")
    return Review(verdict=verdict, findings=findings, rung=read.rung, problems=read.problems)


def _speaks_against(said: str, rung: JsonRung) -> bool:
    """Whether another verdict stands in the reply; a lone document may only hold one twice."""
    against = [match.group().lower() for match in _AGAINST.finditer(said)]
    return any(rung != "whole" or word != "reject" for word in against)
