"""What is and what is not in force, in plain sentences for doctor and reports."""

from partita.ports.sandbox import Isolation

_BACKENDS = {
    "bwrap": "Generated code runs in bubblewrap.",
    "unshare": "Generated code runs in namespaces of its own with Landlock.",
    "none": "Generated code runs WITHOUT a sandbox, because it was allowed by flag.",
}


def describe(isolation: Isolation) -> tuple[str, ...]:
    """One sentence for the backend and one for each property, in force or not."""
    yes_no = (
        (
            isolation.network,
            "It can't reach the network or services of this machine; loopback works inside.",
            "It CAN reach the network and services of this machine.",
        ),
        (
            isolation.writes,
            "It can't write outside its worktree and a private /tmp.",
            "It CAN write wherever the user can.",
        ),
        (
            isolation.reads,
            "It can read only the system, its interpreter and its worktree.",
            "It CAN read whatever the user can.",
        ),
        (
            isolation.processes,
            "The number of its processes is bounded.",
            "The number of its processes is NOT bounded.",
        ),
        (
            isolation.tree_killed,
            "Nothing that it starts outlives it.",
            "What it starts in the background MAY outlive it.",
        ),
    )
    backend = _BACKENDS.get(isolation.backend, f"Generated code runs in {isolation.backend}.")
    bounds = "Time, output, memory, and growth of the worktree are bounded."
    return (backend, *(yes if in_force else no for in_force, yes, no in yes_no), bounds)
