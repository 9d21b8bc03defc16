"""Plans drawn at random: valid ones, and ones with anything wrong."""

from hypothesis import settings
from hypothesis import strategies as st

from partita.core.plan import Contract, Plan, Task, WantedFile

LAW = settings(max_examples=50, deadline=None)  # time depends on the machine, laws do not

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
IMPORTANCE = ("critical", "normal", "low")


def wanted_files(paths):
    return st.lists(
        st.builds(
            WantedFile,
            path=paths,
            importance=st.sampled_from(IMPORTANCE),
            lines=st.integers(0, 900),
            note=texts,
        ),
        max_size=4,
        unique_by=lambda f: f.path,
    ).map(tuple)


@st.composite
def valid_plans(draw, most=6):
    """Plans without problems: each task owns a folder, and waits only for tasks before it."""
    count = draw(st.integers(1, most))
    ids = [f"t{i}" for i in range(count)]
    contracts = tuple(f"c{i}" for i in range(count) if draw(st.booleans()))
    tasks = []
    for i, ident in enumerate(ids):
        earlier = ids[:i]
        needs = tuple(draw(st.lists(st.sampled_from(earlier), unique=True))) if earlier else ()
        usable = [c for c in contracts if int(c[1:]) < i]
        uses = tuple(draw(st.lists(st.sampled_from(usable), unique=True))) if usable else ()
        names = st.sampled_from("abcd").map(lambda name, i=i: f"dir{i}/{name}.py")
        tasks.append(
            Task(
                id=ident,
                objective=draw(texts),
                touch=(f"dir{i}/**", *draw(st.just(()) | st.just((f"own{i}.py",)))),
                forbid=draw(st.just(()) | st.just((f"dir{i}/secret/**",))),
                read=draw(st.just(()) | st.just(("shared/**",))),
                needs=needs,
                uses=uses,
                provides=(f"c{i}",) if f"c{i}" in contracts else (),
                criteria=draw(st.lists(texts, max_size=2).map(tuple)),
                files=draw(wanted_files(names)),
            )
        )
    order = draw(st.permutations(tasks))
    return Plan(
        name=draw(texts),
        base=draw(st.sampled_from(["", "0123abc"])),
        architecture=draw(texts),
        tasks=tuple(order),
        contracts=tuple(
            Contract(
                id=c,
                kind="function",
                signature=draw(texts),
                path=f"dir{c[1:]}/a.py",
                symbol=draw(texts),
                note=draw(texts),
            )
            for c in contracts
        ),
        dependencies=draw(st.lists(texts, max_size=2).map(tuple)),
        test_command=draw(st.none() | texts),
        run_command=draw(st.none() | texts),
    )


def any_plans():
    """Plans of few ids and patterns, so that all that can be wrong is."""
    ids = st.sampled_from(["a", "b", "c", "D", ""])
    idents = st.lists(ids, max_size=2).map(tuple)
    patterns = st.lists(
        st.sampled_from(["src/**", "src/a.py", "src", "*.md", "/x", "{", "tests/", ".git/**"]),
        max_size=2,
    ).map(tuple)
    tasks = st.builds(
        Task,
        id=ids,
        objective=st.just(""),
        touch=patterns,
        read=patterns,
        forbid=patterns,
        needs=idents,
        uses=idents,
        provides=idents,
        files=wanted_files(st.sampled_from(["src/a.py", "../x", "README.md"])),
    )
    contracts = st.builds(
        Contract, id=ids, kind=st.just("function"), signature=st.just(""), path=st.just("src/a.py")
    )
    return st.builds(
        Plan,
        name=st.just("plan"),
        tasks=st.lists(tasks, max_size=4).map(tuple),
        contracts=st.lists(contracts, max_size=2).map(tuple),
    )
