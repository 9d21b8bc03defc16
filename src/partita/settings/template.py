"""The commented `partita.toml` that `partita init` writes."""

from partita.settings.keys import KEYS

OPENING = """\
# Settings of this repository for Partita. Each line shows the default or an example:
# take away the leading "# " to change it. Whoever clones the repository gets this file, so
# addresses, keys, prices, a higher budget and running without a sandbox are not set here but
# in your own file (`partita doctor` names it), by PARTITA_... variables or by flags.
"""

TABLES = """\
# [roles]  # models by role, tried in this order; the others take `model`
# planner = ["openai:gpt-5"]
# coder = ["openai:gpt-5-mini", "openai:gpt-5"]
# reviewer = ["openai:gpt-5-mini"]
# writer = ["openai:gpt-5-mini"]

# [models.long]  # a name for a model with limits of its own
# wire = "openai"
# name = "gpt-5-mini"
# max_output = 32000
"""


def template() -> str:
    """A file that sets nothing as it stands."""
    lines = [f"# {key.name} = {key.example}  # {key.note}" for key in KEYS.values() if not key.own]
    return "\n".join((OPENING, *lines, "", TABLES))
