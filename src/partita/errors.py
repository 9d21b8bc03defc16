"""Every error Partita raises on purpose, split by who must act.

PartitaError
├─ BadInput                you must change something                exit 2
│  ├─ BadSettings          a settings file, flag or variable
│  ├─ UnknownPrice         a model without a price
│  ├─ RefusedCredentials   a key that is missing or not accepted
│  │  └─ NoModel           nothing says which model to ask
│  ├─ NoSandbox            nothing here can run generated code safely
│  └─ RunInProgress        another process owns this repository
├─ NotAccepted             built or asked, but not good enough      exit 1
│  ├─ NoUsableAnswer       no model of the route answered usably
│  └─ LandingRefused       the result is kept on its branch
├─ OutsideFailure          the world failed; may be resumed         exit 3
│  ├─ ModelFailure         a call to a model failed; it says how
│  │  ├─ RateLimited       wait, then ask again
│  │  ├─ Unreachable       no connection, or it broke, hung, or stalled
│  │  ├─ ServerFailed      a 5xx
│  │  ├─ MalformedReply    HTML, no choices, a stream cut short
│  │  ├─ ContextTooLong    the prompt does not fit the model
│  │  ├─ ContentRefused    the provider declined to answer
│  │  └─ CircuitOpen       the provider failed again and again; it is left alone for a while
│  ├─ ModelUnavailable     every model of a route failed
│  ├─ AwaitingAnswer       an approval is needed before the run goes on
│  ├─ GitFailed            git did not do what was asked
│  │  └─ RemoteLost        the shared remote can't be reached
│  ├─ DatabaseLost         the shared database can't be reached
│  ├─ Fenced               another worker has taken this one's work over
│  └─ CommandFailed        a tool of this machine did not work
└─ StopRun                 not a fault                              exit 4
   ├─ BudgetSpent          the next call would pass the cap
   ├─ Rejected             the plan was refused
   └─ Cancelled            the user stopped the run
"""


class PartitaError(Exception):
    """Anything raised on purpose; its text is a sentence for the user."""

    exit_code = 70

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class BadInput(PartitaError):
    """You must change something."""

    exit_code = 2


class BadSettings(BadInput):
    """A settings file, flag or environment variable can't be used."""


class UnknownPrice(BadInput):
    """A model without a price; the remedy holds the lines that set it."""


class RefusedCredentials(BadInput):
    """A key that is missing or was not accepted."""


class NoModel(RefusedCredentials):
    """Neither flags, settings nor keys say which model to ask."""


class NoSandbox(BadInput):
    """Nothing on this machine can run generated code safely."""


class RunInProgress(BadInput):
    """Another process owns this repository's runs."""


class NotAccepted(PartitaError):
    """Built or asked, but not good enough to land."""

    exit_code = 1


class NoUsableAnswer(NotAccepted):
    """No model of the route gave an answer that could be used."""


class LandingRefused(NotAccepted):
    """The result can't be landed now; it is kept on its branch."""


class OutsideFailure(PartitaError):
    """The world failed; the run may be resumed."""

    exit_code = 3


class ModelFailure(OutsideFailure):
    """A call to a model failed; nothing was answered.

    `begun`: the provider had begun to answer, so that it may bill the call.
    """

    begun = False


class RateLimited(ModelFailure):
    """The provider asks us to wait `retry_after` seconds (None: it did not say)."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(ModelFailure):
    """No connection, or it broke, hung or stalled.

    `sent`: the question may have arrived. `silent`: nothing at all came back in good time.
    """

    def __init__(self, message: str, *, sent: bool = True, silent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent
        self.silent = silent


class ServerFailed(ModelFailure):
    """The provider answered with a 5xx."""


class MalformedReply(ModelFailure):
    """HTML, an empty list of choices, or a stream that was cut short."""


class ContextTooLong(ModelFailure):
    """The prompt does not fit into the model's context."""


class ContentRefused(ModelFailure):
    """The provider declined to answer."""


class CircuitOpen(ModelFailure):
    """The provider failed again and again; it is not asked for a while."""


class ModelUnavailable(OutsideFailure):
    """Every model of a route failed."""


class AwaitingAnswer(OutsideFailure):
    """An approval is needed before the run goes on."""


class GitFailed(OutsideFailure):
    """git did not do what was asked."""


class RemoteLost(GitFailed):
    """The shared git remote can't be reached, or does not answer in time."""


class DatabaseLost(OutsideFailure):
    """The shared database can't be reached, or does not answer in time."""


class Fenced(OutsideFailure):
    """This worker was taken for dead and another has its work: it may do nothing any more."""


class CommandFailed(OutsideFailure):
    """A tool of this machine did not work."""


class StopRun(PartitaError):
    """Not a fault: the run was told to stop."""

    exit_code = 4


class BudgetSpent(StopRun):
    """The next call would pass the cap.

    `waits`: only for as long as calls in flight hold what they may not need.
    """

    def __init__(self, message: str, *, remedy: str = "", waits: bool = False) -> None:
        super().__init__(message, remedy=remedy)
        self.waits = waits


class Rejected(StopRun):
    """The plan was refused."""


class Cancelled(StopRun):
    """The user stopped the run."""
