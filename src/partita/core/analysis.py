"""What the analytic activities hand on: Brief, Findings, Requirements, Assessment."""

from dataclasses import dataclass
from typing import Literal

from partita.core.verdict import Verdict

Kind = Literal["build", "feature", "fix", "refactor", "test", "explain"]
KINDS: tuple[Kind, ...] = ("build", "feature", "fix", "refactor", "test", "explain")
Depth = Literal["quick", "standard", "thorough"]
DEPTHS: tuple[Depth, ...] = ("quick", "standard", "thorough")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An open question with the default that is taken when nobody answers."""

    question: str
    default: str
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What is wanted: `name` is kebab-case, `target` the folder it concerns ("" is the root)."""

    kind: Kind
    name: str
    goal: str
    target: str = ""
    constraints: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A file shown to a model, whole or in part, and why it was chosen."""

    path: str
    text: str
    why: str = ""
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What code found in the repository at the base commit."""

    files: int
    languages: tuple[tuple[str, int], ...]  # (language, files), most first
    frameworks: tuple[str, ...]
    packages: tuple[str, ...]  # importable packages or modules at the roots
    entry_points: tuple[str, ...]
    manifests: tuple[str, ...]
    test_command: str | None
    test_files: tuple[str, ...]
    documents: tuple[str, ...]
    relevant: tuple[Excerpt, ...]
    outline: tuple[str, ...]  # paths, most relevant first, within the token budget
    left_out: int  # files that neither outline nor excerpts could show

    @property
    def empty(self) -> bool:
        """Nothing is there yet."""
        return self.files == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One numbered wish with what would show that it holds."""

    id: str  # R1, R2, ...
    text: str
    priority: Literal["must", "should", "could", "wont"]
    criteria: tuple[str, ...] = ()
    milestone: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Is it to be done? Verdicts from code stand on evidence; a model's opinion says so."""

    go: bool
    maturity_now: int  # L1 to L7
    maturity_wanted: int
    gaps: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    answer: str = ""  # the explanation, where one was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The four together: what the Analysis Report is made of."""

    brief: Brief
    findings: Findings
    requirements: tuple[Requirement, ...]
    assessment: Assessment
