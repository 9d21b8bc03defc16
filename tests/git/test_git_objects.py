"""Our object formats are git's: same ids, same trees, packs that git takes."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.adapters.git import objects
from partita.adapters.git.objects import Node, Object, Signature
from partita.errors import GitFailed

names = st.binary(min_size=1, max_size=8).filter(lambda n: b"/" not in n and b"\0" not in n)
modes = st.sampled_from([b"40000", b"100644", b"100755", b"120000", b"160000"])


@pytest.mark.parametrize(("algorithm", "width"), [("sha1", 40), ("sha256", 64)])
def test_a_tree_is_read_as_it_was_written(algorithm, width):
    ids = st.text("0123456789abcdef", min_size=width, max_size=width)
    folders = st.dictionaries(names, st.builds(Node, modes, ids), max_size=6)

    @given(folders)
    def check(folder):
        assert objects.parse_tree(objects.format_tree(folder), algorithm) == folder

    check()


def test_trees_are_sorted_as_git_sorts_them(user):
    blob = user.git("hash-object", "-w", "--stdin")
    tree = user.git("hash-object", "-w", "-t", "tree", "/dev/null")
    listed = {"a": tree, "a-": blob, "a.b": blob, "a0": blob, "ab": tree, "A": tree}
    lines = "".join(
        f"{'040000 tree' if i == tree else '100644 blob'} {i}\t{n}\n" for n, i in listed.items()
    )
    by_git = subprocess.run(
        ["git", "mktree"], input=lines.encode(), cwd=user.root, capture_output=True, check=True
    )
    folder = {n.encode(): Node(b"40000" if i == tree else b"100644", i) for n, i in listed.items()}
    ours = objects.object_id(Object("tree", objects.format_tree(folder)), "sha1")
    assert ours == by_git.stdout.decode().strip()


@pytest.mark.parametrize("size", [0, 1, 15, 16, 2047, 2048, 300_000])
def test_git_unpacks_objects_of_every_size_with_the_id_we_say(user, size):
    item = Object("blob", bytes(n % 251 for n in range(size)))
    pack = objects.pack([item], "sha1")
    subprocess.run(["git", "unpack-objects", "-q"], input=pack, cwd=user.root, check=True)
    name = objects.object_id(item, "sha1")
    done = subprocess.run(
        ["git", "cat-file", "blob", name], cwd=user.root, capture_output=True, check=True
    )
    assert done.stdout == item.data


@given(st.text(max_size=30), st.text(max_size=30), st.integers(-5, 2**33), st.text(max_size=50))
def test_no_name_or_message_can_break_out_of_its_line(name, email, at, message):
    who = Signature(name=name, email=email, at=at)
    made = objects.format_commit(
        tree="a" * 40, parents=["b" * 40], author=who, committer=who, message=message
    )
    header = made.data.split(b"\n\n", 1)[0]
    assert len(header.split(b"\n")) == 4
    assert b"\0" not in made.data
    read = objects.parse_commit("c" * 40, made.data)
    assert (read.tree, read.parents, read.at) == ("a" * 40, ("b" * 40,), max(0, at))


def test_what_is_no_commit_is_said():
    with pytest.raises(GitFailed):
        objects.parse_commit("c" * 40, b"author x\n\ntree " + b"a" * 40)
