"""The clashes of a whole plan, held to comparing all pairs of its tasks."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAW

from partita.core.clashes import KINDS, Clash, Clashes, clashes
from partita.core.graph import Order
from partita.core.scope import (
    SHARP,
    BadPattern,
    Blind,
    Fuel,
    Scope,
    collision,
    matches,
    normalise,
    overlap,
)

NEVER = Order({}).apart


def ALWAYS(_a, _b):  # noqa: N802 - a constant beside NEVER
    return True


names = st.sampled_from(["a", "b", "ab", "A", ".git"])
wild = st.sampled_from(
    ["*", "?", "a*", "*b", "a*b", "[ab]", "?b", "*a*", "{a,b}", "{a,*b}", "{a,b}*", "\\*", "[!a]*"]
)
segments = names | names | wild
odd_names = st.sampled_from(["a", "A", "é", "e\u0301", "É", "ß", "ẞ", "SS"])
odd_wild = st.sampled_from(["*", "?", "a*", "*É", "[A-Z]", "[é]*", "{a,é}", "e*", "É*é"])


@st.composite
def patterns(draw, segments=segments):
    parts = draw(st.lists(segments | st.just("**"), min_size=1, max_size=3))
    return "/".join(parts) + draw(st.sampled_from(["", "", "", "/**"]))


def scopes(segments=segments):
    some = patterns(segments).map(normalise)
    few = st.just(()) | st.lists(some, max_size=2).map(tuple)
    return st.builds(Scope, touch=st.lists(some, max_size=3).map(tuple), read=few, forbid=few)


@st.composite
def plans(draw, segments=segments, most=5):
    """Scopes by task, and two orders over them; cycles are possible in the second."""
    drawn = draw(st.lists(scopes(segments), min_size=1, max_size=most))
    idents = draw(st.permutations([f"t{i}" for i in range(len(drawn))]))
    made = dict(zip(idents, drawn, strict=True))
    pairs = st.tuples(st.sampled_from(idents), st.sampled_from(idents))
    needs, uses = draw(st.lists(pairs, max_size=2)), draw(st.lists(pairs, max_size=2))
    begin = {i: [b for a, b in needs if a == i] for i in idents}
    waits = {i: [b for a, b in (*needs, *uses) if a == i] for i in idents}
    return made, Order(waits, begin=begin), Order(waits)


def shown(scope):
    return Scope(touch=scope.read)


def pairwise(made, built, waits, blind=SHARP):
    """The pairs and kinds, by comparing every two tasks."""
    found = set()
    for a, b in combinations(made, 2):
        one, other = made[a], made[b]
        if not built.apart(a, b):
            if one.overlaps(other, blind=blind):
                found.add((a, b, "overlap"))
            minus = {"minus_a": one.forbid, "minus_b": other.forbid}
            if collision(one.touch, other.touch, **minus, blind=blind):
                found.add((a, b, "collision"))
        if not waits.apart(a, b):
            for x, y in ((a, b), (b, a)):
                if shown(made[x]).overlaps(made[y], blind=blind):
                    found.add((x, y, "hazard"))
    return found


def listed(found):
    return [(c.a, c.b, c.kind) for c in found.found]


def in_order(made, pairs):
    place = list(made)
    return sorted(pairs, key=lambda p: (place.index(p[0]), place.index(p[1]), KINDS.index(p[2])))


@LAW
@given(plans())
def test_it_finds_what_comparing_all_pairs_finds_in_order(plan):
    made, built, waits = plan
    found = clashes(made, apart=built.apart, reads_apart=waits.apart)
    assert listed(found) == in_order(made, pairwise(made, built, waits))
    assert not found.unsure
    assert not found.cut


@LAW
@given(plans(names | st.sampled_from(["a.", "b "]) | wild), st.booleans())
def test_with_any_path_overlaps_are_those_of_the_patterns_alone(plan, sharp):
    made, built, _ = plan
    blind = Blind(case=not sharp)
    found = clashes(made, apart=built.apart, reads_apart=ALWAYS, blind=blind, any_path=True)
    wanted = [
        (a, b, path)
        for a, b in combinations(made, 2)
        if not built.apart(a, b)
        and (
            path := overlap(
                made[a].touch,
                made[b].touch,
                minus_a=made[a].forbid,
                minus_b=made[b].forbid,
                blind=blind,
            )
        )
    ]
    overlaps = [c for c in found.found if c.kind == "overlap"]
    assert [(c.a, c.b) for c in overlaps] == [(a, b) for a, b, _ in wanted]
    for clash, (_, _, path) in zip(overlaps, wanted, strict=True):
        assert matches(clash.pattern_a, clash.witness)
        assert len(clash.witness) >= len(path)


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [(".git/x", ".git/*", ".git/x"), ("a.", "a*", "a."), ("**/.git/a", ".git/**", ".git/a")],
)
def test_what_nobody_can_write_counts_only_with_any_path(one, other, path):
    made = {"a": Scope(touch=(one,)), "b": Scope(touch=(other,))}
    assert clashes(made, apart=NEVER).found == ()
    (clash,) = clashes(made, apart=NEVER, any_path=True).found
    assert clash.witness == path


@LAW
@given(plans(odd_names | odd_wild), st.builds(Blind, case=st.booleans(), forms=st.booleans()))
def test_blind_it_finds_what_comparing_all_pairs_finds(plan, blind):
    made, built, waits = plan
    found = clashes(made, apart=built.apart, reads_apart=waits.apart, blind=blind)
    assert listed(found) == in_order(made, pairwise(made, built, waits, blind))


@LAW
@given(plans())
def test_the_patterns_are_the_first_that_meet_and_the_witness_is_a_plainest_path(plan):
    made, built, waits = plan
    for clash in clashes(made, apart=built.apart, reads_apart=waits.apart).found:
        a, b = made[clash.a], made[clash.b]
        ours, theirs = (a.read if clash.kind == "hazard" else a.touch), b.touch
        if clash.kind == "collision":
            first = collision(ours, theirs, minus_a=a.forbid, minus_b=b.forbid)
        else:
            minus = () if clash.kind == "hazard" else a.forbid
            met = (
                (p, q, path)
                for p in ours
                for q in theirs
                if (
                    path := Scope(touch=(p,), forbid=minus).overlaps(
                        Scope(touch=(q,), forbid=b.forbid)
                    )
                )
            )
            first = next(met)
            assert b.may_write(clash.witness)
            assert matches(clash.pattern_a, clash.witness)
            assert clash.kind == "hazard" or a.may_write(clash.witness)
        assert (clash.pattern_a, clash.pattern_b, clash.witness) == first


@LAW
@given(plans(), st.randoms())
def test_another_order_of_the_tasks_changes_nothing_but_the_order(plan, chance):
    made, built, waits = plan
    turned = list(made.items())
    chance.shuffle(turned)
    there, back = (
        clashes(dict(items), apart=built.apart, reads_apart=waits.apart)
        for items in (made.items(), turned)
    )

    def sides(found):
        return {
            (frozenset([c.a, c.b]), c.kind, c.a if c.kind == "hazard" else "") for c in found.found
        }

    assert sides(there) == sides(back)


@LAW
@given(plans())
def test_any_function_that_tells_who_is_apart_serves_as_an_order_does(plan):
    made, built, waits = plan
    by_hand = {(a, b) for a in made for b in made if built.apart(a, b)}
    reads_by_hand = {(a, b) for a in made for b in made if waits.apart(a, b)}
    assert clashes(
        made,
        apart=lambda *pair: pair in by_hand,
        reads_apart=lambda *pair: pair in reads_by_hand,
    ) == clashes(made, apart=built.apart, reads_apart=waits.apart)
    # An order of other nodes has numbers of its own.
    other = Order({i: [] for i in reversed(list(made))})
    assert clashes(made, apart=other.apart, reads_apart=waits.apart) == clashes(
        made, apart=NEVER, reads_apart=waits.apart
    )


@LAW
@given(plans(), st.integers(0, 6))
def test_a_cut_list_is_the_beginning_of_the_whole_one(plan, most):
    made, built, waits = plan
    whole = clashes(made, apart=built.apart, reads_apart=waits.apart)
    part = clashes(made, apart=built.apart, reads_apart=waits.apart, most=most)
    assert part.found == whole.found[:most]
    assert part.unsure == ()
    assert part.cut == (len(whole.found) > most)


@LAW
@given(plans(), st.data())
def test_of_one_task_only_its_own(plan, data):
    made, built, waits = plan
    ident = data.draw(st.sampled_from(list(made)))
    whole = clashes(made, apart=built.apart, reads_apart=waits.apart)
    found = clashes(made, apart=built.apart, reads_apart=waits.apart, of=ident)
    assert found.found == tuple(c for c in whole.found if ident in (c.a, c.b))


def touching(*lists, **more):
    return {f"t{i}": Scope(touch=tuple(touch), **more) for i, touch in enumerate(lists)}


def test_each_kind_of_clash():
    made = {
        "reader": Scope(touch=("own",), read=("src/**",)),
        "folder": Scope(touch=("src/auth/**",)),
        "file": Scope(touch=("docs/x", "src/auth")),
        "glob": Scope(touch=("src/*/login.py",), forbid=("src/b/**",)),
    }
    assert clashes(made, apart=NEVER).found == (
        hazard("folder", "src/auth/**", "src/auth/a"),
        hazard("file", "src/auth", "src/auth"),
        hazard("glob", "src/*/login.py", "src/a/login.py"),
        Clash(
            kind="collision",
            a="folder",
            b="file",
            pattern_a="src/auth/**",
            pattern_b="src/auth",
            witness="src/auth",
        ),
        Clash(
            kind="overlap",
            a="folder",
            b="glob",
            pattern_a="src/auth/**",
            pattern_b="src/*/login.py",
            witness="src/auth/login.py",
        ),
    )


def hazard(writer, pattern, path):
    return Clash(
        kind="hazard",
        a="reader",
        b=writer,
        pattern_a="src/**",
        pattern_b=pattern,
        witness=path,
    )


@pytest.mark.parametrize(("i", "j"), [(0, 399), (5, 200), (127, 128), (131, 270), (398, 399)])
@pytest.mark.parametrize("by_hand", [False, True])
def test_the_clashes_of_a_long_plan_are_found_wherever_its_tasks_stand(i, j, by_hand):
    def own(k, *touch, read=()):
        return Scope(touch=(f"own{k}/**", *touch), read=read)

    made = {f"t{k}": own(k) for k in range(400)}
    made[f"t{i}"] = own(i, "both", "x/**", read=("shown/*",))
    made[f"t{j}"] = own(j, "both", "x", "shown/a")
    found = clashes(made, apart=(lambda *_: False) if by_hand else NEVER)
    assert listed(found) == [(f"t{i}", f"t{j}", kind) for kind in KINDS]
    assert not found.cut


@pytest.mark.parametrize(
    ("file", "below"),
    [
        ("]", "]/x"),
        ("x]", "x\\]/*"),
        ("a\\[1]", "a\\[1\\]/**"),
        ("*]b[]]c]/d", "ab]c]/d/**"),  # no: the wildcard is no name
        ("a", "{a,b}/{0,1,2,3,4,5,6,7}{0,1,2,3,4,5,6,7}/{0,1,2,3,4,5,6,7}/x"),
        ("b/76", "{a,b}/{0,1,2,3,4,5,6,7}{0,1,2,3,4,5,6,7}/{0,1,2,3,4,5,6,7}/x"),
        ("{a\\],{*0,*1,*2,*3,*4,*5,*6,*7}{*0,*1,*2,*3,*4,*5,*6,*7}{*0,*1,*2,*3,*4}}", "a]/x"),
    ],
)
@pytest.mark.parametrize("blind", [SHARP, Blind(case=True, forms=True)])
def test_names_collide_whatever_characters_they_hold_and_however_many_they_are(file, below, blind):
    alone = collision([file], [below], blind=blind)
    assert (alone is None) == file.startswith("*")
    for made in (touching([file], [below]), touching([below], [file])):
        kinds = [c.kind for c in clashes(made, apart=NEVER, blind=blind).found]
        assert kinds == ([] if alone is None else ["collision"])


@pytest.mark.parametrize(
    "pattern",
    ["a/x", "a/b/**", "a/b/x", "a/*", "a/*.py", "a/*x/b", "a/?/**", "a/**/b", "**", "*/x"],
)
def test_a_folder_of_one_task_meets_whatever_another_has_in_it(pattern):
    for touch in (["a/**"], [pattern]), ([pattern], ["a/**"]):
        assert listed(clashes(touching(*touch), apart=NEVER)) == [("t0", "t1", "overlap")]


@pytest.mark.parametrize(
    ("braces", "path"),
    [("{a,*}", "b"), ("{a,**}/x", "b/x"), ("{a,b*} c/{d,e}", "bx c/e"), ("{a,}{b,}", "a")],
)
def test_each_alternative_in_braces_counts(braces, path):
    (found,) = clashes(touching([braces, "own"], [path, "other"]), apart=NEVER).found
    assert (found.kind, found.witness) == ("overlap", path)


def test_patterns_are_named_as_they_were_given():
    (found,) = clashes(touching(["./src/"], ["src//a"]), apart=NEVER).found
    assert (found.pattern_a, found.pattern_b, found.witness) == ("./src/", "src//a", "src/a")


def test_reads_follow_the_order_of_builds_when_they_have_none_of_their_own():
    made = {"a": Scope(touch=("x",), read=("y",)), "b": Scope(touch=("y",))}
    assert clashes(made, apart=Order({"a": [], "b": ["a"]}).apart).found == ()
    (found,) = clashes(made, apart=Order({"a": [], "b": ["a"]}).apart, reads_apart=NEVER).found
    assert found.kind == "hazard"


def test_nothing_has_no_clashes_and_a_bad_pattern_is_refused_wherever_it_stands():
    assert clashes({}, apart=NEVER) == Clashes()
    for part in ("touch", "read", "forbid"):
        scope = Scope(**{"touch": ("a",), part: ("../x",)})
        with pytest.raises(BadPattern, match="out of the tree"):
            clashes({"t": scope}, apart=NEVER)


def test_what_nobody_can_write_is_no_overlap():
    for pattern in (".git/**", ".git/config", ".git/*", "x/.git/a", ".partita/**", "a./**"):
        assert clashes(touching([pattern], [pattern]), apart=NEVER) == Clashes()
    for a, b in ((".github/**", ".github/x"), (".git*", ".gitignore"), (".partita*", ".p*")):
        assert clashes(touching([a], [b]), apart=NEVER).found


def test_a_crowd_that_clashes_is_cut_and_one_in_a_row_is_not():
    many = touching(*[["**", f"own{i}"] for i in range(2_000)])
    found = clashes(many, apart=NEVER, most=100)
    assert [(c.a, c.b) for c in found.found] == [("t0", f"t{i}") for i in range(1, 101)]
    assert found.cut
    row = Order({f"t{i}": [f"t{i - 1}"] if i else [] for i in range(2_000)})
    assert clashes(many, apart=row.apart) == Clashes()


HARD = ["?" * 900, "*a" * 400 + "b"]


def test_what_is_too_intricate_to_compare_is_said_and_no_pass():
    found = clashes(touching(HARD[:1], HARD[1:], ["x"], ["x"]), apart=NEVER)
    assert [(a, b) for a, b, _ in found.unsure] == [("t0", "t1")]
    assert "too intricate" in found.unsure[0][2]
    assert [(c.a, c.b) for c in found.found] == [("t2", "t3")]
    assert not found.cut


def test_a_clash_is_one_whatever_cannot_be_told_beside_it():
    found = clashes(touching([HARD[0], "x"], [HARD[1], "x"]), apart=NEVER)
    assert [c.witness for c in found.found] == ["x"]
    assert not found.unsure


def test_without_fuel_nothing_is_said_to_be_disjoint():
    many = touching(*[[f"src/**/*{i}*/**"] for i in range(300)])
    whole = clashes(many, apart=NEVER)
    for fuel in (0, 10, 1_000, 10_000):
        found = clashes(many, apart=NEVER, fuel=Fuel(fuel))
        assert found.cut
        assert found.unsure
        assert set(found.found) <= set(whole.found)


def test_unsure_pairs_are_listed_up_to_a_bound():
    many = touching(*[HARD[:1] if i % 2 else HARD[1:] for i in range(6)])
    found = clashes(many, apart=lambda a, b: int(a[1]) % 2 == int(b[1]) % 2, most=2)
    assert len(found.unsure) == 3
    assert found.cut
