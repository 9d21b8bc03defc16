"""The state of a reply while it comes in, the same for both wires."""

from abc import ABC, abstractmethod
from typing import Any

from partita.adapters.models.spec import ModelSpec
from partita.core.budget import Usage, words
from partita.core.outcomes import CUT, EMPTY
from partita.core.question import Answer, Finish, Question
from partita.core.shrink import prompt_tokens
from partita.errors import ContentRefused, MalformedReply

MAX_TEXT = 8 * 1024 * 1024  # characters
MOST_TOKENS = 1_000_000_000  # a provider that reports more is not believed


class Reading(ABC):
    """Takes the reply's objects one by one and gives the answer at the end.

    `begun`: text has come. `complete`: the provider said why it stopped. `reason` is that word.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.reason = ""
        self.refusal = ""
        self._parts: list[str] = []
        self._size = 0

    @abstractmethod
    def take(self, event: dict[str, Any]) -> None:
        """Take one object; raises where it is an error or no reply at all."""

    @abstractmethod
    def finish(self) -> Finish | None:
        """What `reason` means; "refused" is raised by `answer`, None is not an end."""

    @abstractmethod
    def usage(self) -> Usage | None:
        """The tokens that the provider reported, or None."""

    @property
    def begun(self) -> bool:
        """Whether any of the text has come."""
        return bool(self._parts)

    @property
    def complete(self) -> bool:
        """Whether the provider said why it stopped."""
        return bool(self.reason)

    def add(self, text: str) -> None:
        """Keep a piece of the text."""
        if not text:
            return
        self._size += len(text)
        if self._size > MAX_TEXT:
            raise MalformedReply(f"{self.spec.name}: {CUT}: it passed 8 MB and was cut off")
        self._parts.append(text)

    def answer(self, question: Question) -> Answer:
        """The answer as a whole, or the failure that it is."""
        finish = self.finish()
        if finish == "refused" or self.refusal:
            words_given = self.spec.tell(self.refusal or self.reason)
            declined = f"{self.spec.name}: the model declined to answer ({words_given})"
            refused = ContentRefused(declined)
            refused.begun = True
            raise refused
        if finish is None:
            why = (
                f"it broke off ({self.spec.tell(self.reason)})" if self.reason else "it ended early"
            )
            what = CUT if self.begun or self.reason else EMPTY
            raise MalformedReply(f"{self.spec.name}: {what}: the stream: {why}")
        text = whole_characters("".join(self._parts))
        return Answer(
            text=text,
            finish=finish,
            usage=self.usage() or estimate(question, text),
            model=self.spec.name,
        )


def whole_characters(text: str) -> str:
    """The text without lone surrogates, which neither files nor requests can hold.

    Halves of a pair that came in two pieces are joined; what is left alone becomes U+FFFD.
    """
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def estimate(question: Question, text: str) -> Usage:
    """Tokens by our own estimate, where the provider reported none."""
    return Usage(input=prompt_tokens(question), output=words(text), estimated=True)


def tokens(value: Any) -> int | None:
    """A count of tokens from a provider, or None where it can't be one."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS:
        return value
    return None
