"""`partita check reply`: what it says, in JSON, in lines and in words, and its exit codes."""

import json
import subprocess
import sys

import pytest
from check_kit import answer, answers_to, ask, piped

from partita.cli import check_input, check_reply

TAGGED = """Here it is.
<file path="src/a.py" id="n1" executable="true">
print(1)
</file n1>
<file path="b.py" op="edit" id="n1">
<<<<<<< SEARCH
x = 1
=======
x = 2
>>>>>>> REPLACE
</file n1>
<file path="c.py" op="delete" id="n1"/>
"""
EDIT = "<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n"
CHANGE = [{"search": "x = 1\n", "replace": "x = 2\n"}]
WITH_A = {"type": "object", "required": ["a"]}


def test_a_clean_document_is_complete():
    assert answer("reply", "--as", "json", stdin='{"a": [1, null]}') == (
        0,
        {"status": "complete", "rung": "whole", "value": {"a": [1, None]}, "problems": []},
    )


def test_what_had_to_be_tolerated_is_said():
    code, said = answer("reply", "-", "--as", "json", stdin="Sure: ```json\n{'a': 1,}\n```")
    assert (code, said["status"], said["value"]) == (0, "complete", {"a": 1})
    assert said["rung"] == "mended"
    assert said["problems"]


def test_a_cut_document_is_truncated_with_what_was_finished():
    code, said = answer("reply", "--as", "json", stdin='{"a": [1, 2], "b": "half')
    assert (code, said["status"], said["value"]) == (1, "truncated", {"a": [1, 2]})
    code, said = answer("reply", "--as", "json", "--finish", "length", stdin='{"a": 1} and then')
    assert (code, said["status"]) == (1, "truncated")


def test_prose_is_unreadable():
    code, said = answer("reply", "--as", "json", stdin="I can't do that.")
    assert (code, said["status"], said["rung"], said["value"]) == (1, "unreadable", None, None)
    assert "no JSON document" in said["problems"][0]


def test_the_schema_decides(tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(WITH_A))
    asked = ("reply", "--as", "json", "--schema", schema)
    assert answer(*asked, stdin='{"a": 1}')[0] == 0
    code, said = answer(*asked, stdin='{"b": 1}')
    assert (code, said["status"]) == (1, "unreadable")
    assert "`a`" in said["problems"][0]
    schema.write_text("{}")
    assert answer(*asked, stdin="3")[1]["value"] == 3


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ('{"type": "thing"}', "type"),
        ('{"$ref": "http://127.0.0.1/x"}', "leads out of the schema"),
        ('{"properties": {"a": {"$dynamicRef": "file:///etc/passwd"}}}', "leads out"),
        ('{"anyOf": [{"$ref": "other.json"}]}', "leads out"),
        ("[]", "a list"),
        ("{,}", "not JSON"),
        ('{"pattern": "("}', "regex"),
        ('{"not":' * 300 + "{}" + "}" * 300, "too deeply"),
    ],
)
def test_what_is_no_schema_is_unusable(tmp_path, schema, why):
    file = tmp_path / "schema.json"
    file.write_text(schema)
    done = ask("reply", "--as", "json", "--schema", file, stdin="{}")
    assert (done.code, done.out) == (2, "")
    assert why in done.err


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"$ref": "#/$defs/missing"}, "does not hold"),
        ({"$ref": "#"}, "no end"),
    ],
)
def test_a_schema_that_fails_on_a_value_is_unusable(schema, why):
    line = {"id": 1, "raw": '{"a": 1}', "schema": schema}
    code, said = answers_to("reply", "--as", "json", lines=[line])
    assert code == 2
    assert why in said[0]["error"]


def test_a_reference_within_the_schema_is_followed():
    schema = {"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}}
    lines = [{"id": i, "raw": raw, "schema": schema} for i, raw in enumerate(("[1]", '["x"]'))]
    code, said = answers_to("reply", "--as", "json", lines=lines)
    assert (code, [s["status"] for s in said]) == (1, ["complete", "unreadable"])


def test_files_are_listed_with_text_op_and_edits():
    code, said = answer("reply", "--as", "files", "--nonce", "n1", stdin=TAGGED)
    assert (code, said["status"], said["rung"], said["problems"]) == (0, "complete", "tags", [])
    assert said["files"] == [
        {"path": "src/a.py", "text": "print(1)\n", "op": "write", "executable": True, "edits": []},
        {"path": "b.py", "text": "", "op": "edit", "executable": False, "edits": CHANGE},
        {"path": "c.py", "text": "", "op": "delete", "executable": False, "edits": []},
    ]
    assert (said["unfinished"], said["requests"], said["notes"]) == (None, [], [])


def test_the_nonce_is_the_one_that_was_asked_for():
    said = answer("reply", "--as", "files", stdin=TAGGED)[1]
    assert said["rung"] == "loose tags"
    assert "`n1`" in said["notes"][0]


def test_cut_files_are_truncated_with_what_was_begun():
    code, said = answer("reply", "--as", "files", "--nonce", "n1", stdin=TAGGED[:68])
    assert (code, said["status"], said["files"]) == (1, "truncated", [])
    assert said["unfinished"]["path"] == "src/a.py"
    code, said = answer(
        "reply", "--as", "files", "--nonce", "n1", "--finish", "length", stdin=TAGGED
    )
    assert (code, said["status"], len(said["files"])) == (1, "truncated", 3)
    assert said["unfinished"] == {"path": "", "text": ""}


def test_a_block_that_is_lost_makes_the_whole_unreadable_and_the_others_are_listed():
    bad = TAGGED + '<file path="d.py" op="edit" id="n1">\nno edit\n</file n1>\n'
    code, said = answer("reply", "--as", "files", "--nonce", "n1", stdin=bad)
    assert (code, said["status"], len(said["files"])) == (1, "unreadable", 3)
    assert "d.py" in said["problems"][0]


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", ".git/hooks/x", "a/../../x", "C:/x"])
def test_a_file_that_must_never_be_written_is_not_listed(path):
    """Who writes down what is listed must be safe."""
    bad = TAGGED + f'<file path="{path}" id="n1">\nx\n</file n1>\n'
    code, said = answer("reply", "--as", "files", "--nonce", "n1", stdin=bad)
    assert (code, said["status"]) == (1, "unreadable")
    assert [f["path"] for f in said["files"]] == ["src/a.py", "b.py", "c.py"]
    assert path in said["problems"][0]


def test_no_file_is_unreadable_with_the_same_keys():
    full = answer("reply", "--as", "files", "--nonce", "n1", stdin=TAGGED)[1]
    code, said = answer("reply", "--as", "files", stdin="Sorry, I can't.")
    assert (code, said["status"], said["rung"], said["files"]) == (1, "unreadable", None, [])
    assert set(said) == set(full)


def test_a_wish_for_more_scope_is_listed():
    reply = TAGGED + '<need path="setup.cfg">a new entry point</need>\n'
    said = answer("reply", "--as", "files", "--nonce", "n1", stdin=reply)[1]
    assert said["requests"] == [{"path": "setup.cfg", "why": "a new entry point"}]


def test_edits_alone_are_applied_to_the_original(tmp_path):
    original = tmp_path / "b.py"
    original.write_bytes(b"a\r\nx = 1\r\n")
    asked = ("reply", "--as", "edits", "--original", original)
    code, said = answer(*asked, stdin="Like this:\n" + EDIT)
    assert (code, said["status"], said["rung"]) == (0, "complete", "alone")
    (file,) = said["files"]
    assert file == {
        "path": "",
        "text": "a\r\nx = 2\r\n",
        "op": "edit",
        "executable": False,
        "edits": CHANGE,
    }
    original.write_text("x = 1\nx = 1\n")
    code, said = answer(*asked, stdin=EDIT)
    assert (code, said["status"], said["files"][0]["text"]) == (1, "unreadable", "")
    assert "more than once" in said["problems"][0]
    assert said["files"][0]["edits"] == CHANGE


def test_edits_without_an_original_are_read_only():
    code, said = answer("reply", "--as", "edits", stdin=EDIT)
    assert (code, said["files"][0]["text"], said["files"][0]["edits"]) == (0, "", CHANGE)
    code, said = answer("reply", "--as", "edits", stdin=EDIT[:-5])
    assert (code, said["status"], said["files"]) == (1, "unreadable", [])
    code, said = answer("reply", "--as", "edits", "--finish", "length", stdin=EDIT)
    assert (code, said["status"]) == (1, "truncated")


def test_edits_in_a_tag_keep_their_path_and_whole_files_are_no_edits(tmp_path):
    original = tmp_path / "b.py"
    original.write_text("x = 1\n")
    tagged = f'<file path="b.py" op="edit" id="n1">\n{EDIT}</file n1>\n'
    asked = ("reply", "--as", "edits", "--nonce", "n1", "--original", original)
    code, said = answer(*asked, stdin=tagged)
    assert code == 0
    assert [(f["path"], f["text"]) for f in said["files"]] == [("b.py", "x = 2\n")]
    code, said = answer(*asked, stdin=TAGGED)
    assert (code, said["status"]) == (1, "unreadable")
    assert "--as files" in said["problems"][0]
    done = ask(*asked, stdin=tagged + tagged.replace("b.py", "c.py"))
    assert (done.code, "several files" in done.err) == (2, True)


def test_a_review_is_read_strictly():
    accept = {"verdict": "accept", "findings": []}
    assert answer("reply", "--as", "review", stdin=accept) == (
        0,
        {"status": "complete", "rung": "whole", "value": accept, "problems": []},
    )
    fenced = "```json\n" + json.dumps(accept) + "\n```"
    assert answer("reply", "--as", "review", stdin=fenced)[1]["rung"] == "found"
    code, said = answer("reply", "--as", "review", stdin={"verdict": "rework", "findings": []})
    assert (code, said["status"], said["value"]) == (1, "unreadable", None)
    cut = '{"verdict": "accept", "findings": ["it '
    code, said = answer("reply", "--as", "review", stdin=cut)
    assert (code, said["status"], said["value"]) == (1, "truncated", None)


def test_options_that_do_not_go_together_are_all_named(tmp_path):
    file = tmp_path / "x"
    file.write_text("{}")
    done = ask("reply", "--as", "review", "--schema", file, "--nonce", "1", "--original", file)
    assert done.code == 2
    assert [n for n in ("--schema", "--nonce", "--original") if n in done.err] == [
        "--schema",
        "--nonce",
        "--original",
    ]
    assert ask("reply", stdin="{}").code == 2
    assert ask("reply", "--as", "json", tmp_path / "none").code == 2


def test_a_reply_that_is_not_utf8_or_too_long_is_unusable(monkeypatch):
    done = ask("reply", "--as", "json", stdin=b'{"a": "\xff"}')
    assert (done.code, done.out) == (2, "")
    assert "not UTF-8: byte 7 is 0xff" in done.err
    monkeypatch.setattr(check_reply, "LARGEST", 20)
    assert ask("reply", "--as", "json", stdin='"' + "a" * 18 + '"').code == 0
    assert ask("reply", "--as", "json", stdin='"' + "a" * 19 + '"').code == 2
    code, said = answers_to("reply", "--as", "json", lines=[{"id": 1, "raw": "a" * 21}])
    assert (code, "`raw` is longer" in said[0]["error"]) == (2, True)


def test_a_byte_order_mark_belongs_to_the_reply():
    assert answer("reply", "--as", "json", stdin=b'\xef\xbb\xbf{"a": 1}')[1]["value"] == {"a": 1}


# Lines


def test_every_line_is_answered_with_its_id_and_the_worst_decides():
    good = {"id": "x", "raw": '{"a": 1}'}
    cut = {"id": {"n": [1]}, "raw": '{"a": [1], "b'}
    code, said = answers_to("reply", "--as", "json", lines=[good])
    assert (code, said[0]["id"], said[0]["status"]) == (0, "x", "complete")
    code, said = answers_to("reply", "--as", "json", lines=[good, cut, good])
    assert (code, [s["id"] for s in said]) == (1, ["x", {"n": [1]}, "x"])
    assert [s["status"] for s in said] == ["complete", "truncated", "complete"]
    code, said = answers_to("reply", "--as", "json", lines=[good, {"id": 2}, cut])
    assert (code, [s.get("status") for s in said]) == (2, ["complete", None, "truncated"])
    assert set(said[1]) == {"id", "error"}
    assert said[1]["id"] == 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 2: it is not JSON: "),
        ("[1]", "it is a list"),
        ('{"id": 1, "id": 2, "raw": ""}', "`id` is there twice"),
        ('{"raw": NaN}', "NaN"),
        ('{"raw": ' + "[" * 100_000, "too deeply"),
        ('{"raw": ' + "9" * 5000 + "}", "can't be used"),
        ({"raw": None}, "`raw` is null"),
        ({"raw": 3}, "`raw` is a number"),
        ({"raw": "", "finish_reason": "tired"}, "want stop or length"),
        ({"raw": "", "finish_reason": ["stop"]}, "want stop or length"),
        ({"raw": "", "nonce": 1, "original": []}, "`nonce` is a number"),
        ({"raw": "", "schema": "x"}, "want an object"),
        ({"raw": "", "schema": {"$ref": "a.json"}}, "leads out"),
    ],
)
def test_an_unusable_line_is_told_what_is_wrong_and_the_others_are_answered(line, why):
    good = {"id": "x", "raw": "{}"}
    code, said = answers_to("reply", "--as", "json", lines=[good, line, good])
    assert code == 2
    assert [s.get("status") for s in said] == ["complete", None, "complete"]
    assert why in said[1]["error"]


def test_the_line_says_what_the_options_do_not():
    lines = [
        {"id": 1, "raw": "3", "schema": {}},
        {"id": 2, "raw": "3", "schema": True},
        {"id": 3, "raw": "3", "schema": False},
        {"id": 4, "raw": "3", "schema": {"type": "string"}},
        {"id": 5, "raw": '{"a": 1} and then', "finish_reason": "length"},
        {"id": 6, "raw": '{"a": 1} and then', "finish_reason": None, "schema": None},
    ]
    code, said = answers_to("reply", "--as", "json", lines=lines)
    assert code == 1
    assert [s["status"] for s in said] == [
        "complete",
        "complete",
        "unreadable",
        "unreadable",
        "truncated",
        "complete",
    ]
    lines = [{"raw": TAGGED, "nonce": "n1"}, {"raw": TAGGED}]
    said = answers_to("reply", "--as", "files", "--nonce", "zz", lines=lines)[1]
    assert [s["rung"] for s in said] == ["tags", "loose tags"]
    said = answers_to("reply", "--as", "edits", lines=[{"raw": EDIT, "original": "x = 1\n"}])[1]
    assert said[0]["files"][0]["text"] == "x = 2\n"


def test_the_options_hold_for_lines_that_do_not_say(tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(WITH_A))
    asked = ("reply", "--as", "json", "--schema", schema, "--finish", "length")
    lines = [{"raw": '{"b": 1}'}, {"raw": '{"a": 1} and'}, {"raw": "{}", "schema": {}}]
    said = answers_to(*asked, lines=lines)[1]
    assert [s["status"] for s in said] == ["unreadable", "truncated", "complete"]


def test_blank_lines_and_a_byte_order_mark_are_no_cases():
    text = b'\xef\xbb\xbf{"id": 1, "raw": "{}"}\r\n\n   \n{"id": 2, "raw": "[]"}'
    done = ask("reply", "--as", "json", "--jsonl", stdin=text)
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == [1, 2]
    assert done.code == 0


def test_a_line_that_is_too_long_is_passed_over(monkeypatch):
    monkeypatch.setattr(check_input, "LARGEST", 40)
    good = {"id": 1, "raw": "{}"}
    long = {"id": 2, "raw": "a" * 100}
    code, said = answers_to("reply", "--as", "json", lines=[good, long, good])
    assert (code, [s["id"] for s in said]) == (2, [1, None, 1])
    assert "line 2: it is longer" in said[1]["error"]


def test_a_fault_of_ours_costs_one_answer_and_is_owned_up_to(monkeypatch):
    def read(case):
        if case.raw == "boom":
            raise KeyError(case.raw)
        return {"status": "complete"}

    monkeypatch.setitem(check_reply.READERS, "json", read)
    lines = [{"id": 1, "raw": "boom"}, {"id": 2, "raw": "ok"}]
    code, said = answers_to("reply", "--as", "json", lines=lines)
    assert code == 70
    assert "unexpected KeyError" in said[0]["error"]
    assert said[1]["status"] == "complete"


def test_any_text_can_be_answered_in_ascii():
    lines = ['{"id": "\\ud800", "raw": "\\"é \\u202e\\""}']
    code, said = answers_to("reply", "--as", "json", lines=lines)
    assert (code, said[0]["id"], said[0]["value"]) == (0, "\ud800", "é \u202e")


# Behind pipes


def test_behind_pipes_and_in_words(tmp_path):
    done = piped("reply", "--as", "json", stdin='{"é": "\\u001b[2J"}'.encode(), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == ('complete (read as: whole)\n{\n  "é": "\\u001b[2J"\n}\n')
    done = piped("reply", "--as", "files", "--nonce", "n1", stdin=TAGGED.encode(), cwd=tmp_path)
    assert done.stdout.decode().splitlines() == [
        "complete (read as: tags)",
        "  write `src/a.py`: 1 line, executable",
        "  edit `b.py`: 1 edit",
        "  delete `c.py`",
    ]


def test_an_answer_comes_before_the_next_line_is_asked_for(tmp_path):
    asked = subprocess.Popen(
        [sys.executable, "-m", "partita", "check", "reply", "--as", "json", "--jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    )
    assert asked.stdin
    assert asked.stdout
    for number in range(3):
        asked.stdin.write(json.dumps({"id": number, "raw": "{}"}) + "\n")
        asked.stdin.flush()
        assert json.loads(asked.stdout.readline())["id"] == number
    asked.stdin.close()
    assert asked.wait(timeout=10) == 0


def test_words_about_what_is_wrong():
    cut = TAGGED[: TAGGED.index("</file")]
    done = ask("reply", "--as", "files", "--nonce", "n1", stdin=cut)
    assert done.out.splitlines() == [
        "truncated (read as: tags)",
        "  cut: `src/a.py`, 1 line of it so far",
    ]
    done = ask("reply", "--as", "json", stdin=json.dumps(list(range(100))))
    assert done.out.splitlines()[-1] == "and 82 more: see --json"
    done = ask("reply", "--as", "json", stdin="null")
    assert done.out == "complete (read as: whole)\nnull\n"
    done = ask("reply", "--as", "json", stdin="nothing")
    assert done.out.splitlines()[0] == "unreadable"
    assert "null" not in done.out
