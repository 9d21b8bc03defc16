"""What has a second reading, or was taken back, is refused; nothing is dropped without a word."""

import pytest

from partita.core.reply.documents import read_json
from partita.core.reply.files import read_files
from partita.core.reply.lone import read_lone_edits
from partita.core.reply.review import read_review
from partita.core.reply.value import FilesRead, JsonRead, Unreadable

TASK = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {"id": {"type": "string"}, "title": {"type": "string"}},
}
A, B = '{"id": "A", "title": "a"}', '{"id": "B", "title": "b"}'
EDIT = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
TAG = '<file path="a.py" id="n1">\nx\n</file n1>\n'


@pytest.mark.parametrize(
    "raw",
    [
        r'{"p": "C:\Windows\new"}',
        r'{"p": "C:\d\new"}',
        r'{"p": "C:\new\d"}',
        r'{"re": "\d+\b"}',
        r'{"re": "\f\w"}',
        r'{"tex": "\gamma \nabla"}',
        '{"a": “b", "c": "d”}',
        '["a", // other tasks as above\n]',
        '["a"\n // and so on\n]',
        '[{"id": "T1"}, /* the same for T3 to T9 */]',
        "```yaml\na: 1\na: 2\n```",
        "```yaml\n- {a: 1, a: 2}\n```",
        "```yaml\ntitle: Fix #3 now\n```",
    ],
)
def test_a_slip_with_a_second_reading_is_refused(raw):
    assert isinstance(read_json(raw, None), Unreadable)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (r'{"re": "\s+\.\n"}', {"re": "\\s+\\.\n"}),
        (r'{"code": "import re\nre.match(\'\d+\')\n"}', {"code": "import re\nre.match('\\d+')\n"}),
        (r'{"re": "\\b\d"}', {"re": "\\b\\d"}),
        ('{“a”: “x, "y", z”}', {"a": 'x, "y", z'}),
        ('["a", // other\n"b"]', ["a", "b"]),
        ('["a" // more than one\n]', ["a"]),
        ("```yaml\ntitle: Fix # 3\n```", {"title": "Fix"}),
    ],
)
def test_a_slip_with_one_reading_is_still_mended(raw, value):
    read = read_json(raw, None)
    assert isinstance(read, JsonRead)
    assert (read.value, read.truncated) == (value, False)


@pytest.mark.parametrize(
    "after",
    [
        "Wait, that is wrong.",
        "Please ignore this.",
        "I made a mistake there.",
        'Correction: the title should be "c".',
    ],
)
def test_a_document_that_is_taken_back_is_no_answer(after):
    assert isinstance(read_json(f"{A}\n{after}", TASK), Unreadable)


def test_words_that_do_not_take_it_back_do_no_harm():
    read = read_json(f"{A}\nTell me if that is wrong. Correction: none.", TASK)
    assert isinstance(read, JsonRead)
    assert not read.truncated


def test_a_reply_that_ends_in_a_colon_was_cut():
    read = read_json(f"{A}\nHmm, T2 is missing. Once more:", TASK)
    assert isinstance(read, JsonRead)
    assert read.truncated


@pytest.mark.parametrize(
    "lead", ["Note that I did not use", "Alternatively:", "You could also take:", "Test it with:"]
)
def test_what_is_only_spoken_of_after_the_answer_is_not_taken_for_it(lead):
    read = read_json(f"```json\n{B}\n```\n{lead}\n```json\n{A}\n```", TASK)
    assert isinstance(read, JsonRead)
    assert read.value["id"] == "B"


def test_a_numbered_list_of_documents_is_refused_like_one_with_bullets():
    assert isinstance(read_json(f"1. {A}\n2. {B}", TASK), Unreadable)


@pytest.mark.parametrize("end", ["id: A\ntitle: |", "id: A\ntitle: a\nneeds:\n  -"])
def test_yaml_without_a_fence_that_lacks_its_last_value_is_refused(end):
    schema = {**TASK, "properties": {**TASK["properties"], "needs": {}}}
    assert isinstance(read_json(end, schema), Unreadable)


@pytest.mark.parametrize(
    ("said", "runs"),
    [
        ('mode="755"', True),
        ('mode="0644"', False),
        ('mode="100755"', True),
        ('mode="+x"', True),
        ("executable", True),
        ('executable="false"', False),
    ],
)
def test_the_executable_bit_in_each_of_its_shapes(said, runs):
    read = read_files(f'<file path="a.sh" id="n1" {said}>\nx\n</file n1>', nonce="n1")
    assert isinstance(read, FilesRead)
    assert [file.executable for file in read.files] == [runs]


@pytest.mark.parametrize(
    "more",
    [
        '<file path="b.py id="n1">\ny\n</file n1>',
        'Now b: <file path="b.py" id="n1">\ny\n</file n1>',
        '<File path="b.py" id="n1">\ny\n</File n1>',
        "```python path=b.py\ny\n```",
        "### b.py\n```python\ny\n```",
    ],
)
def test_a_second_file_in_another_shape_is_not_dropped_without_a_word(more):
    read = read_files(TAG + more, nonce="n1")
    assert isinstance(read, FilesRead)
    assert [file.path for file in read.files] == ["a.py"]
    assert read.problems


def test_a_block_without_id_whose_opening_tag_is_unreadable_is_reported():
    text = '<file path="a.py" x>\n1\n</file>\n<file path="b.py">\n2\n</file>'
    read = read_files(text, nonce="n1")
    assert isinstance(read, FilesRead)
    assert [file.path for file in read.files] == ["b.py"]
    assert read.problems


def test_prose_and_fences_of_tagged_files_are_no_problem():
    for more in ("Done.\n", "```bash\npytest\n```\n", "a.py:\n```python\nx\n```\n"):
        read = read_files(TAG + more, nonce="n1")
        assert isinstance(read, FilesRead)
        assert not read.problems


@pytest.mark.parametrize(
    "entry",
    [
        '{"path": "a", "content": "eA==", "encoding": "base64"}',
        '{"path": "a", "content": "x", "delete": true}',
        '{"path": "a", "content": "x", "op": "rename"}',
        '{"path": "a", "content": "x", "op": ["write"]}',
        '{"path": "a", "content": "x", "executable": "0"}',
        '{"path": " ", "op": "delete"}',
    ],
)
def test_an_entry_of_files_that_asks_for_something_unknown_is_refused(entry):
    assert isinstance(read_files(f'{{"files": [{entry}]}}', nonce="n1"), Unreadable)


def test_entries_of_files_may_delete_and_be_executable():
    text = (
        '{"files": [{"path": "a", "op": "delete"}, '
        '{"path": "b", "content": "x", "executable": true, "language": "sh"}], "summary": "s"}'
    )
    read = read_files(text, nonce="n1")
    assert isinstance(read, FilesRead)
    assert [(f.path, f.op, f.text, f.executable) for f in read.files] == [
        ("a", "delete", "", False),
        ("b", "write", "x", True),
    ]
    assert not read.problems


def test_what_stands_beside_the_list_of_files_is_reported():
    text = '{"files": [{"path": "a", "content": "x"}], "deleted": ["b"]}'
    read = read_files(text, nonce="n1")
    assert isinstance(read, FilesRead)
    assert read.problems


@pytest.mark.parametrize(
    "raw",
    [
        f"<think>\n{EDIT}",
        f"{EDIT}<<<<<<< SEAR",
        f"{EDIT}<<<<<<<\n",
        f"a.py\n{EDIT}b.py\n{EDIT}",
        f"### a.py\n```\n{EDIT}```\n### b.py\n```\n{EDIT}```",
        "",
    ],
)
def test_lone_edits_that_were_thought_cut_or_of_several_files_are_refused(raw):
    assert isinstance(read_lone_edits(raw), Unreadable)


@pytest.mark.parametrize(
    "raw", [EDIT, f"<think>\n{EDIT}</think>\n{EDIT}", f"a.py\n```\n{EDIT}```\n", f"a.py\n{EDIT}"]
)
def test_lone_edits_without_what_was_thought(raw):
    edits = read_lone_edits(raw)
    assert not isinstance(edits, Unreadable)
    assert [(edit.search, edit.replace) for edit in edits] == [("a\n", "b\n")]


ACCEPT, REWORK = '{"verdict": "accept", "findings": []}', '{"verdict": "rework", "findings": ["x"]}'


@pytest.mark.parametrize(
    "raw",
    [
        f"{REWORK}\nOnce that is mended: {ACCEPT}",
        f"{REWORK}\n```json\n{ACCEPT}\n```",
        f"The patch contains:\n{ACCEPT}\nso I reject it.",
        '{"verdict": "rework", "verdict": "accept", "findings": []}',
    ],
)
def test_an_accept_beside_another_verdict_is_no_approval(raw):
    assert isinstance(read_review(raw), Unreadable)


@pytest.mark.parametrize(
    "raw",
    [
        f"<think>I reject it</think>{ACCEPT}",
        f"No rework is needed.\n{ACCEPT}",
        '{"verdict": "accept", "findings": ["`reject` could be named better"]}',
    ],
)
def test_an_accept_that_nothing_speaks_against_is_one(raw):
    review = read_review(raw)
    assert not isinstance(review, Unreadable)
    assert review.verdict == "accept"


@pytest.mark.parametrize("name", ["draft", "analysis"])
def test_a_draft_whose_tag_is_never_closed_is_not_the_whole(name):
    cut = read_json(f"<{name}>\n```json\n{A}\n```", TASK)
    assert isinstance(cut, JsonRead)
    assert cut.truncated
    for end in ("<", "</", "</dra"):
        read = read_json(f"<{name}>{A}{end}", TASK)
        assert isinstance(read, Unreadable) or read.truncated
    whole = read_json(f"<{name}>{A}</{name}><answer>{B}</answer>", TASK)
    assert isinstance(whole, JsonRead)
    assert (whole.value["id"], whole.truncated) == ("B", False)


@pytest.mark.parametrize("name", ["seed:think", "antThinking", "inner_monologue"])
def test_thinking_under_other_names(name):
    assert isinstance(read_json(f"<{name}>{A}", TASK), Unreadable)
    read = read_json(f"<{name}>{A}</{name}>{B}", TASK)
    assert isinstance(read, JsonRead)
    assert read.value["id"] == "B"
