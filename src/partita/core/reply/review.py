"""A reviewer's verdict out of a reply."""

from dataclasses import dataclass
from typing import Any, Literal

from partita.core.reply.documents import read_json
from partita.core.reply.value import Unreadable

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A model's opinion of a change; each finding is one sentence."""

    verdict: Literal["accept", "rework"]
    findings: tuple[str, ...] = ()


def read_review(text: str, *, finish: str = "stop") -> Review | Unreadable:
    """The verdict in a reply, which must be whole; "rework" must say what is wrong."""
    read = read_json(text, REVIEW_SCHEMA, finish=finish)
    if isinstance(read, Unreadable):
        return read
    if read.truncated:
        return Unreadable(why="the review was cut before its end; give fewer, shorter findings")
    findings = tuple(finding.strip() for finding in read.value["findings"] if finding.strip())
    if read.value["verdict"] == "rework" and not findings:
        return Unreadable(why="the verdict is rework, but no finding says what is wrong")
    return Review(verdict=read.value["verdict"], findings=findings)
