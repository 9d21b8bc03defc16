"""Applying changes to the folders of a commit, as pure values: folders in, new objects out."""

from collections.abc import Iterator, Sequence

from partita.adapters.git.objects import Algorithm, Folder, Node, Object, format_tree, object_id
from partita.adapters.git.paths import checked, shown
from partita.core.changes import Change, Delete, Write
from partita.errors import BadInput, GitFailed

FOLDER_MODE = b"40000"

Folders = dict[bytes, Folder]
"""Folders by path; the top is b"". Only those that hold a changed path need to be there."""


def folders_above(changes: Sequence[Change]) -> list[bytes]:
    """Every folder that holds one of the changed paths, the top first, sorted.

    Raises BadInput for a path that may not be written, and for one that is changed twice.
    """
    above = {b""}
    seen: set[bytes] = set()
    for change in changes:
        path = checked(change.path)
        if path in seen:
            raise BadInput(f"{shown(path)} is changed twice.")
        seen.add(path)
        above.update(folder for folder, _ in _steps(path))
    return sorted(above)


def applied(folders: Folders, changes: Sequence[Change], algorithm: Algorithm) -> list[Object]:
    """The objects that the changes add; the last one is the new top tree.

    `folders` is changed on the way. Deleting what is not there is no error. Raises BadInput for a
    path that is, or goes through, a symbolic link or a submodule, and where a file and a folder
    would have the same name.
    """
    blobs = []
    for change in changes:
        if isinstance(change, Delete):
            _delete(folders, checked(change.path))
    for change in changes:
        if isinstance(change, Write):
            blob = Object("blob", change.data)
            mode = b"100755" if change.executable else b"100644"
            _write(folders, checked(change.path), Node(mode, object_id(blob, algorithm)))
            blobs.append(blob)
    return [*blobs, *_trees(folders, algorithm)]


def _steps(path: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each folder on the way to the path, with the name to look up in it."""
    folder = b""
    for name in path.split(b"/"):
        yield folder, name
        folder = _join(folder, name)


def _join(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name


def _delete(folders: Folders, path: bytes) -> None:
    steps = list(_steps(path))
    for folder, name in steps:
        node = folders.get(folder, {}).get(name)
        if node is None:
            return
        _refuse_link(path, _join(folder, name), node)
        if node.is_file and _join(folder, name) != path:
            return
        if node.is_folder and _join(folder, name) == path:
            raise BadInput(f"{shown(path)} is a folder; only files can be deleted.")
    for folder, name in reversed(steps):
        del folders[folder][name]
        if folders[folder] or not folder:
            return
        del folders[folder]


def _write(folders: Folders, path: bytes, file: Node) -> None:
    for folder, name in _steps(path):
        here = _join(folder, name)
        if folder not in folders:
            raise GitFailed(f"The folder {shown(folder)} of the parent commit can't be read.")
        node = folders[folder].get(name)
        if node is not None:
            _refuse_link(path, here, node)
        if here == path:
            if node is not None and node.is_folder:
                raise BadInput(f"{shown(path)} is a folder; a file can't take its place.")
            folders[folder][name] = file
        elif node is None:
            folders[folder][name] = Node(FOLDER_MODE, "")
            folders[here] = {}
        elif node.is_file:
            raise BadInput(f"{shown(path)} can't be written: {shown(here)} is a file.")


def _refuse_link(path: bytes, here: bytes, node: Node) -> None:
    if node.is_folder or node.is_file:
        return
    what = "a submodule" if node.mode == b"160000" else "a symbolic link"
    if here == path:
        raise BadInput(f"{shown(path)} is {what}; Partita changes plain files only.")
    raise BadInput(f"{shown(path)} goes through {shown(here)}, which is {what}.")


def _trees(folders: Folders, algorithm: Algorithm) -> Iterator[Object]:
    """The tree of each folder, deepest first, each put into the one above."""
    for path in sorted(folders, key=lambda folder: (folder.count(b"/"), folder), reverse=True):
        if not path:
            continue
        tree = Object("tree", format_tree(folders[path]))
        above, _, name = path.rpartition(b"/")
        folders[above][name] = Node(FOLDER_MODE, object_id(tree, algorithm))
        yield tree
    yield Object("tree", format_tree(folders[b""]))
