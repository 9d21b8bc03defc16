"""Replies of models by the kind of what is wrong with them, and what a careful person reads in them.

Each was written down before any reader saw it. `Cut` stands for a document whose end is missing,
with what is finished in it; REFUSE for what nobody can read safely.
"""
# ruff: noqa: E501, RUF001 - replies are long, and curly quotes are what they hold

from dataclasses import dataclass
from typing import Any

ANY: dict[str, Any] = {}


def obj(required=(), *, closed=True, **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": not closed,
    }


STR, INT, BOOL, NUM = ({"type": t} for t in ("string", "integer", "boolean", "number"))
STRS = {"type": "array", "items": STR}
PERSON = obj(["name", "age"], name=STR, age=INT)
CODE = obj(["path", "code"], path=STR, code=STR)
ITEMS = obj(["items"], items={"type": "array", "items": obj(["id"], id=INT, note=STR)})
VERDICT = obj(["verdict", "findings"], verdict={"enum": ["accept", "rework"]}, findings=STRS)


class _Refuse:
    def __repr__(self):
        return "REFUSE"


REFUSE = _Refuse()


@dataclass(frozen=True)
class Cut:
    """A document whose end is missing; `values`: what may be said of the finished part."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    id: str
    raw: str
    want: Any
    schema: Any
    also: tuple[Any, ...]
    finish: str


CASES: list[Case] = []
_kind = ""


def kind(name):
    global _kind  # noqa: PLW0603 - the table below is read from top to bottom
    _kind = name


def case(raw, want, schema=ANY, *, also=(), finish="stop"):
    number = sum(each.id.startswith(f"{_kind}-") for each in CASES) + 1
    CASES.append(
        Case(id=f"{_kind}-{number:02}", raw=raw, want=want, schema=schema, also=also, finish=finish)
    )


def cut(raw, *values, schema=ANY, finish="stop"):
    case(raw, Cut(values), schema, finish=finish)


ADA = {"name": "Ada", "age": 36}
A = '{"name": "Ada", "age": 36}'

kind("valid")
case(A, ADA, PERSON)
case(A, ADA)
case("[]", [])
case("{}", {})
case("42", 42)
case("-0.5e-3", -0.0005)
case("null", None)
case("true", True)
case('"just text"', "just text")
case('  \n\t{"a": [1, {"b": []}]}\r\n', {"a": [1, {"b": []}]})
case('{"a": 1, "a": 2}', {"a": 2})
case('{"n": 123456789012345678901234567890}', {"n": 123456789012345678901234567890})
case('{"s": "\\u00e9\\ud83d\\ude00\\u0000"}', {"s": "é😀\0"})
case(
    '{"s": "{\\"a\\": 1} [2] // no # no /* no */ \'q\' `b`"}',
    {"s": "{\"a\": 1} [2] // no # no /* no */ 'q' `b`"},
)
case('{"s": "<think>no</think> ```json\\n{}\\n```"}', {"s": "<think>no</think> ```json\n{}\n```"})
case('{"": {"": ""}}', {"": {"": ""}})
case('{"name": "Ada"}', REFUSE, PERSON)
case('{"name": "Ada", "age": "36"}', REFUSE, PERSON)
case('{"a": "\u2028\u200b\ufeff"}', {"a": "\u2028\u200b\ufeff"})
case('"{\\"name\\": \\"Ada\\", \\"age\\": 36}"', ADA, PERSON)
case('{"a": "“smart” ‘quotes’"}', {"a": "“smart” ‘quotes’"})

kind("fence")
case(f"```json\n{A}\n```", ADA, PERSON)
case(f"```\n{A}\n```", ADA, PERSON)
case(f"```JSON\n{A}\n```\n", ADA)
case(f"~~~json\n{A}\n~~~", ADA)
case(f"````json\n{A}\n````", ADA)
case(f"```json5\n{A}\n```", ADA, PERSON)
case(f"```json {A}```", ADA, PERSON)
case(f"`{A}`", ADA, PERSON)
case(f"Here you go:\n\n```json\n{A}\n```\n\nLet me know!", ADA, PERSON)
case(f"- the answer:\n\n  ```json\n  {A}\n  ```\n", ADA, PERSON)
case(f"```json\n{A}", ADA, PERSON, also=(Cut((ADA,)),))
case(f"{A}\n```", ADA, PERSON)
case(f"```javascript\nconst answer = {A};\n```", ADA, PERSON)
case(f"```python\nresult = {A}\n```", ADA, PERSON)
case('```json\n[\n  {"id": 1},\n  {"id": 2}\n]\n```', [{"id": 1}, {"id": 2}])
case(f"```json\n{A}\n```\nThen load it:\n```python\nimport json\nload({{'x': 1}})\n```", ADA)
case(f"First install:\n```bash\npip install x[dev]\n```\nthen\n```json\n{A}\n```", ADA)
case(f"> ```json\n> {A}\n> ```", ADA)
case("```json\n```", REFUSE)
case("```json\n\n```\n\nSorry, nothing came to mind.", REFUSE)

kind("prose")
case(f"Sure! Here is the JSON:\n{A}\nHope it helps.", ADA, PERSON)
case(f"Sure! Here is the JSON: {A}", ADA)
case(f"The result is {A}.", ADA)
case(f"{A}\n\nNote that age is in years [1].", ADA)
case(f"{A}\n\nSee also [1, 2] and {{braces}}.", ADA)
case(f"As described in [docs](http://x/y), with f(x) = {{x | x > 0}}:\n\n{A}", ADA)
case(f'Use `d["name"]` to get it.\n\n{A}', ADA)
case(f"{A}\n\nUse `d[\"name\"]` to get at it, or d['age'].", ADA)
case(f"I filled the template {{name}}, {{age}} like this:\n{A}", ADA, PERSON)
case(f'Output:\n{A}\nExplanation: the fields {{"name", "age"}} are required.', ADA, PERSON)
case(f"**Answer**: {A}", ADA, PERSON)
case("The list is [3, 1, 2].", [3, 1, 2])
case('The tags are ["a", "b"], as asked.', ["a", "b"])
case(f'{A}\n\nFor example, {{"name": "Bob"}} would not do, since age is missing.', ADA)
case(f"- [ ] todo\n- [x] done\n\n{A}", ADA)
case(f"{A}\n\n- [ ] review it\n- [x] write it", ADA)
case(f"Call init() {{}} first.\n\n{A}\n\nand then main() {{}}.", ADA)
case(f":-[ that was hard, but\n\n{A}", ADA)
case(f"{A}\n\nsad that it took so long :-[", ADA)
case(f"The answer (JSON): {A} - done.", ADA, PERSON)

kind("inner fences")
case('{"readme": "# T\\n```py\\nx = {1: 2}\\n```\\n"}', {"readme": "# T\n```py\nx = {1: 2}\n```\n"})
case(
    '```json\n{"readme": "# T\\n```py\\nx = {1: 2}\\n```\\n"}\n```',
    {"readme": "# T\n```py\nx = {1: 2}\n```\n"},
)
case(
    '```json\n{"readme": "# T\n```py\nx = 1\n```\nend"}\n```',
    {"readme": "# T\n```py\nx = 1\n```\nend"},
)
case('{"readme": "# T\n```yaml\na: 1\n```\nend"}', {"readme": "# T\n```yaml\na: 1\n```\nend"})
case(
    '```json\n{"readme": "# T\n```yaml\na: 1\n```\nend"}\n```',
    {"readme": "# T\n```yaml\na: 1\n```\nend"},
)
case(
    'Here:\n```json\n{"path": "a.md", "code": "```json\\n{\\"path\\": \\"b\\", \\"code\\": \\"c\\"}\\n```"}\n```',
    {"path": "a.md", "code": '```json\n{"path": "b", "code": "c"}\n```'},
    CODE,
)
case(
    '{"path": "a.md", "code": "```json\n{}\n```\n",}',
    {"path": "a.md", "code": "```json\n{}\n```\n"},
    CODE,
)
case('```\n{"code": "~~~\\n{\\n~~~"}\n```', {"code": "~~~\n{\n~~~"})
case(
    '{"code": "if (a) { b[0] = {} }", "path": "x.js"}',
    {"code": "if (a) { b[0] = {} }", "path": "x.js"},
    CODE,
)
case('Done: {"code": "}{][", "path": "x"} ok', {"code": "}{][", "path": "x"}, CODE)
case(
    '```json\n{"code": "```", "path": "x"}\n```\nThe ``` is part of it.',
    {"code": "```", "path": "x"},
    CODE,
)
case(
    "```json\n{'code': '```\\n[1]\\n```', 'path': 'x'}\n```",
    {"code": "```\n[1]\n```", "path": "x"},
    CODE,
)
case(
    '{"code": "# {\n[1, 2]\n# }\n", "path": "x"}', {"code": "# {\n[1, 2]\n# }\n", "path": "x"}, CODE
)
case('{"a": "```yaml\nname: Eve\nage: 1\n```"}', REFUSE, PERSON)

kind("trailing comma")
case('{"name": "Ada", "age": 36,}', ADA, PERSON)
case("[1, 2, 3,]", [1, 2, 3])
case('{"a": [1, 2,], "b": {"c": 3,},}', {"a": [1, 2], "b": {"c": 3}})
case('{\n  "a": 1,\n  "b": 2,\n}\n', {"a": 1, "b": 2})
case('{"code": "print(1)\\n",}', {"code": "print(1)\n"})
case(
    '{"code": "a = [1,]\\nb = {2,}\\n", "path": "x",}',
    {"code": "a = [1,]\nb = {2,}\n", "path": "x"},
    CODE,
)
case('```json\n{"items": [{"id": 1,}, {"id": 2},],}\n```', {"items": [{"id": 1}, {"id": 2}]}, ITEMS)
case('{"a": "x, }", "b": "y,]",}', {"a": "x, }", "b": "y,]"})
case('{"a": 1, // last\n}', {"a": 1})
case("[[1,],[2,],]", [[1], [2]])
case(f"{A},", ADA)
case('{"a": "say \\"x\\",", "b": ["\\"],"],}', {"a": 'say "x",', "b": ['"],']})
case("[,]", REFUSE)
case("[1,,2]", REFUSE)
case('{"a": true , }', {"a": True})

kind("single quotes")
case("{'name': 'Ada', 'age': 36}", ADA, PERSON)
case("['a', 'b']", ["a", "b"])
case("{'a': \"it's\"}", {"a": "it's"})
case("{'a': 'it\\'s'}", {"a": "it's"})
case("{'a': 'it's'}", {"a": "it's"})
case("{'a': 'say \"hi\"'}", {"a": 'say "hi"'})
case("{'a': '', 'b': ['']}", {"a": "", "b": [""]})
case("{'a': \"x\", \"b\": 'y'}", {"a": "x", "b": "y"})
case("{'code': 'print(\"a\\n\")\\n', 'path': 'x'}", {"code": 'print("a\n")\n', "path": "x"}, CODE)
case("Here: {'a': {'b': ['c']}} ok", {"a": {"b": ["c"]}})
case("{'a': 'the dogs', not cats'}", REFUSE)
case("{'a': 'rock 'n' roll'}", {"a": "rock 'n' roll"})
case("{'a': 'don't', 'b': 'won't'}", {"a": "don't", "b": "won't"})
case("{'q': 'WHERE a = 'x' AND b = 'y''}", REFUSE, also=({"q": "WHERE a = 'x' AND b = 'y'"},))
case("{`a`: `b`}", {"a": "b"})

kind("python")
case("{'a': True, 'b': False, 'c': None}", {"a": True, "b": False, "c": None})
case('{"a": True, "b": [None, False]}', {"a": True, "b": [None, False]})
case("[True, False, None]", [True, False, None])
case("{'a': (1, 2), 'b': (3,)}", {"a": [1, 2], "b": [3]})
case("{'a': 'True', 'b': \"None\"}", {"a": "True", "b": "None"})
case("{'name': 'Ada', 'age': 36, }", ADA, PERSON)
case("```python\n{'name': 'Ada', 'age': 36}\n```", ADA, PERSON)
case("{'a': {1, 2}}", REFUSE)
case("{'a': b'x'}", REFUSE)
case("{'a': f'{x}'}", REFUSE)
case("{'a': datetime.date(2020, 1, 1)}", REFUSE)
case("{'a': <object at 0x7f>}", REFUSE)
case("{1: 'a', 2: 'b'}", REFUSE, also=({"1": "a", "2": "b"},))
case("{'a': 1_000}", {"a": 1000})
case("{'a': [1, 2, ...]}", REFUSE)
case("{'a': 'x' 'y'}", REFUSE, also=({"a": "xy"},))
case(
    '{"path": "x.py", "code": """print("hi")\nx = 1\n"""}',
    {"path": "x.py", "code": 'print("hi")\nx = 1\n'},
    CODE,
)
case("{'a': 'tab\\x09'}", {"a": "tab\t"})
case('{"a": TRUE, "b": Null}', {"a": True, "b": None})
case("dict(a=1, b=2)", REFUSE, also=({"a": 1, "b": 2},))

kind("raw newlines")
case('{"code": "a\nb\n", "path": "x"}', {"code": "a\nb\n", "path": "x"}, CODE)
case('{"a": "tab\there"}', {"a": "tab\there"})
case('{"a": "one\r\ntwo"}', {"a": "one\r\ntwo"})
case('{"a": "\n"}', {"a": "\n"})
case('{"a": "x\n\n\ny", "b": [1]}', {"a": "x\n\n\ny", "b": [1]})
case(
    '```json\n{"code": "def f():\n    return [1]\n", "path": "x"}\n```',
    {"code": "def f():\n    return [1]\n", "path": "x"},
    CODE,
)
case('{"a": "line \\"quoted\\"\nnext"}', {"a": 'line "quoted"\nnext'})
case('{"a": "}\n{\n]", "b": 1}', {"a": "}\n{\n]", "b": 1})
case('{"a": "raw\nand\\nescaped"}', {"a": "raw\nand\nescaped"})
case('["a\nb", "c"]', ["a\nb", "c"])
case('{"a": "\x0bv\x0cf\x01"}', {"a": "\x0bv\x0cf\x01"})
case('{"code": "// c\n# d\n/* e */\n"}', {"code": "// c\n# d\n/* e */\n"})
case('{"a": "key\n": 1}', REFUSE)

kind("raw quotes")
case('{"a": "he said "no" twice"}', {"a": 'he said "no" twice'})
case('{"path": "x.py", "code": "print("hi")"}', {"path": "x.py", "code": 'print("hi")'}, CODE)
case('{"path": "x.py", "code": "print("hi")\\n"}', {"path": "x.py", "code": 'print("hi")\n'}, CODE)
case('{"code": "s.split(",")", "path": "x"}', {"code": 's.split(",")', "path": "x"}, CODE)
case('{"code": "d = {"a": 1}", "path": "x"}', {"code": 'd = {"a": 1}', "path": "x"}, CODE)
case('{"code": "x = "a" + "b"", "path": "x"}', {"code": 'x = "a" + "b"', "path": "x"}, CODE)
case('{"html": "<div class="x">hi</div>"}', {"html": '<div class="x">hi</div>'})
case('{"html": "<a href="u" id="v">", "n": 1}', {"html": '<a href="u" id="v">', "n": 1})
case('{"a": "the "best", they say", "b": 2}', {"a": 'the "best", they say', "b": 2})
case('{"verdict": "accept" | "rework", "findings": []}', REFUSE, VERDICT)
case('{"verdict": "accept" or "rework"}', REFUSE)
case('{"a": "x" + "y"}', REFUSE, also=({"a": "xy"},))
case('{"a": "x" if y else "z"}', REFUSE)
case('{"a": "print("a\\nb")"}', REFUSE, also=({"a": 'print("a\\nb")'},))
case('{"a": "b "], "c": 1}', REFUSE)
case('{"a": "x, "b": "y"}', REFUSE, also=({"a": "x", "b": "y"},))
case(
    '{"code": "d = {"a": "b", "c": "d"}", "n": 1}',
    REFUSE,
    also=({"code": 'd = {"a": "b", "c": "d"}', "n": 1},),
)
case('{"a": "say "hi"", "b": 1}', {"a": 'say "hi"', "b": 1})
case('{"a": ""quoted" first", "b": 1}', {"a": '"quoted" first', "b": 1})
case('{"a": "6" pipe", "b": "7" pipe"}', REFUSE, also=({"a": '6" pipe', "b": '7" pipe'},))

kind("bad escapes")
case('{"re": "\\d+\\.\\w*"}', {"re": "\\d+\\.\\w*"})
case('{"a": "it\\\'s"}', {"a": "it's"})
case('{"re": "^\\s*\\(\\S+\\)$"}', {"re": "^\\s*\\(\\S+\\)$"})
case('{"path": "C:\\Program Files\\Steam"}', {"path": "C:\\Program Files\\Steam"})
case('{"path": "C:\\Users\\Ada"}', REFUSE, also=({"path": "C:\\Users\\Ada"},))
case('{"a": "\\x41"}', REFUSE, also=({"a": "A"}, {"a": "\\x41"}))
case('{"a": "snake\\_case"}', REFUSE, also=({"a": "snake_case"},))
case('{"a": "\\u12"}', REFUSE)
case('{"a": "\\u00e9 \\q"}', REFUSE, also=({"a": "é \\q"}, {"a": "é q"}))
case('{"re": "[\\w.-]+@[\\w-]+\\.com", "n": 1}', {"re": "[\\w.-]+@[\\w-]+\\.com", "n": 1})
case('{"a": "a\\/b\\\\c"}', {"a": "a/b\\c"})
case('{\\"name\\": \\"Ada\\", \\"age\\": 36}', ADA, PERSON)
case('```json\n{\\"name\\": \\"Ada\\", \\"age\\": 36}\n```', ADA, PERSON)
case('{"a": "cost: \\$5"}', REFUSE, also=({"a": "cost: $5"}, {"a": "cost: \\$5"}))
case('{"a": "end\\"}', Cut(({},)), also=(REFUSE, {"a": "end\\"}))
case('{"a": "one\\\ntwo"}', REFUSE, also=({"a": "onetwo"}, {"a": "one\ntwo"}))
case('{"a": "\\U0001F600"}', REFUSE, also=({"a": "😀"},))

kind("comments")
case('{"name": "Ada", // her name\n "age": 36}', ADA, PERSON)
case('{"name": "Ada", # her name\n "age": 36}', ADA, PERSON)
case('{/* who */ "name": "Ada", "age": /* years */ 36}', ADA, PERSON)
case('{"url": "http://x/y#z", // see "docs"\n "n": 1}', {"url": "http://x/y#z", "n": 1})
case(
    '{"url": "http://x//y", "c": "# no", "d": "/* no */",}',
    {"url": "http://x//y", "c": "# no", "d": "/* no */"},
)
case('// the config\n{"a": 1}', {"a": 1})
case('{"a": 1} // done', {"a": 1})
case('{"a": 1} // was {"a": 0}', {"a": 1})
case('/* {"a": 0} */\n{"a": 1}', {"a": 1})
case('{\n  // "b": 2,\n  "a": 1\n}', {"a": 1})
case('{\n  "a": 1,\n  /* "b": 2,\n     "c": 3 */\n}', {"a": 1})
case('{"items": [1, 2 /* ... and so on ... */]}', REFUSE)
case('{"items": [\n  {"id": 1},\n  // ... more items\n  {"id": 9}\n]}', REFUSE, ITEMS)
case('{"a": "x" // the "x"\n}', {"a": "x"})
case('{"a": "x" // "y"\n}', REFUSE, also=({"a": "x"},))
case("[1, # one\n 2, # two\n]", [1, 2])
case('{"a": 1 # one\n}', {"a": 1})
case('{"a": "<!-- no -->", "b": 1, <!-- yes -->}', REFUSE, also=({"a": "<!-- no -->", "b": 1},))

kind("slips")
case('{"a": 1\n "b": 2}', {"a": 1, "b": 2})
case('{"a": "x"\n "b": "y"}', {"a": "x", "b": "y"})
case('{\n  "name": "Ada"\n  "age": 36\n}', ADA, PERSON)
case('{"a": 1 "b": 2}', {"a": 1, "b": 2})
case('[{"id": 1} {"id": 2}]', [{"id": 1}, {"id": 2}])
case('{"items": [{"id": 1}\n{"id": 2}]}', {"items": [{"id": 1}, {"id": 2}]}, ITEMS)
case('[\n  "a",\n  "b"\n  "c"\n]', ["a", "b", "c"])
case('{name: "Ada", age: 36}', ADA, PERSON)
case("{name: 'Ada', 'age': 36}", ADA, PERSON)
case('{"a" = 1}', {"a": 1})
case('{"a" => 1, "b" => [2]}', {"a": 1, "b": [2]})
case('{"a": 1,, "b": 2}', {"a": 1, "b": 2})
case('{, "a": 1}', {"a": 1})
case('{"a": 1; "b": 2}', {"a": 1, "b": 2})
case('{"a": "x"; "b": "y";}', {"a": "x", "b": "y"})
case('{"a": 1}}', {"a": 1})
case('[{"a": 1}]]', [{"a": 1}])
case('{"a": [1, 2}', REFUSE, also=({"a": [1, 2]}, Cut(({"a": [1, 2]},)), Cut(({"a": [1]},))))
case('{"a": [1, 2]]}', REFUSE, also=({"a": [1, 2]},))
case('｛"a"：1，"b"：［2］｝', {"a": 1, "b": [2]})
case('{"status": success}', REFUSE, also=({"status": "success"},))
case('{"a": undefined}', REFUSE, also=({"a": None},))
case('{name": "Ada", "age": 36}', ADA, PERSON)
case('{"name: "Ada", "age": 36}', REFUSE, PERSON, also=(ADA,))
case('{"a" 1}', REFUSE, also=({"a": 1},))
case('{"a": }', REFUSE, also=({"a": None}, {}))
case('{"a": "x", "b"}', REFUSE)
case('{{"a": 1}}', REFUSE, also=({"a": 1},))
case('"a": 1, "b": 2', REFUSE, also=({"a": 1, "b": 2},))
case('{"a": 1, "b": 2', Cut(({"a": 1, "b": 2}, {"a": 1})))
case('{"a": 1)', REFUSE)
case('{"a": {"b": 1}\n```\nThat is all.', REFUSE, also=(Cut(({"a": {"b": 1}},)),))
case(
    '```json\n{"a": {"b": 1}\n```\nThat is all.',
    REFUSE,
    also=(Cut(({"a": {"b": 1}},)), {"a": {"b": 1}}),
)
case('{"a": 1};', {"a": 1})
case("{“a”: 1，“b”： 2}", {"a": 1, "b": 2})

kind("numbers")
case('{"a": +1}', {"a": 1})
case('{"a": 007}', REFUSE, also=({"a": 7},))
case('{"a": 0x1F}', {"a": 31})
case('{"a": 1_000}', {"a": 1000})
case('{"a": [.5, 5., -.5]}', {"a": [0.5, 5.0, -0.5]})
case('{"a": NaN}', REFUSE, also=({"a": None},))
case('{"a": Infinity, "b": -Infinity}', REFUSE)
case('{"a": 1e999}', REFUSE)
case('{"a": 1,000}', REFUSE, also=({"a": 1000},))
case('{"a": 50%}', REFUSE)
case('{"a": 1/2}', REFUSE, also=({"a": 0.5},))
case('{"a": 1.2.3}', REFUSE)
case('{"a": 12n}', REFUSE, also=({"a": 12},))
case('{"a": 2 + 2}', REFUSE)
case('{"a": 99999999999999999999, "b": 1.5E+3,}', {"a": 99999999999999999999, "b": 1500.0})
case('{"a": 1e5,}', {"a": 100000.0})
case('{"a": -}', REFUSE)
case('{"a": 1e}', REFUSE)
case('{"a": 12:30}', REFUSE)
case('{"a": 2024-01-01}', REFUSE, also=({"a": "2024-01-01"},))

kind("truncated")
cut("{", {})
cut("[", [])
cut('{"a"', {})
cut('{"a":', {})
cut('{"a": 1', {}, {"a": 1})
cut('{"a": 1,', {"a": 1})
cut('{"a": 1, "b": "two', {"a": 1}, {"a": 1, "b": "two"})
cut('{"a": "x\\', {}, {"a": "x"})
cut('{"a": "x\\u00', {}, {"a": "x"})
cut('{"a": tr', {}, {"a": True})
cut('{"a": true', {}, {"a": True})
cut("[1, 2, 3", [1, 2], [1, 2, 3])
cut(
    '{"items": [{"id": 1}, {"id": 2, "note": "ha',
    {"items": [{"id": 1}]},
    {"items": [{"id": 1}, {"id": 2}]},
    schema=ITEMS,
)
cut('{"items": [{"id": 1}, {"id": 2}', {"items": [{"id": 1}, {"id": 2}]}, schema=ITEMS)
cut('{"items": [{"id": 1}, {"id": 2}]', {"items": [{"id": 1}, {"id": 2}]}, schema=ITEMS)
cut('```json\n{"a": 1, "b": [', {"a": 1}, {"a": 1, "b": []})
cut('Sure:\n{"a": 1, "b": [1, {"c"', {"a": 1, "b": [1]}, {"a": 1, "b": [1, {}]})
cut("{'a': 'b', 'c': 'd", {"a": "b"}, {"a": "b", "c": "d"})
cut("{'a': True, 'b': Fal", {"a": True})
cut('{"a": 1, // note', {"a": 1})
cut('<think>hm</think>{"a": 1, "b"', {"a": 1})
cut('{"a": 1}\n\nBetter:\n{"a": 2, "b', {"a": 2})
cut('{"code": "```py\\nx', {}, {"code": "```py\nx"})
cut('{"a": "b\n```\n', {}, {"a": "b\n```\n"})
case("<think>the answer is {", REFUSE)
case('<think>{"a": 1}', REFUSE)
cut(f"{A}\n\nWait, better", ADA, schema=PERSON, finish="length")
case(A, ADA, PERSON, finish="length")
cut("12", 12, finish="length")
cut('```json\n{"a": 1}\n```\n\nCorrected:\n```json\n', {"a": 1}, {})
cut('{"a": 1}\n\nCorrected version:\n{', {}, {"a": 1})
case("name: Ada\nage: 3", REFUSE, PERSON, finish="length")
cut('{"a": "x" ', {"a": "x"})
cut('{"a": [1.', {"a": []}, {"a": [1.0]})

kind("two objects")
case(f'{{"name": "Bob", "age": 1}}\n{A}', ADA, PERSON)
case(f'Draft:\n{{"name": "Bob", "age": 1}}\n\nFinal:\n{A}', ADA, PERSON)
case(f'Draft:\n{{"name": "Bob", "age": 1}}\n\nFinal:\n{A}', ADA)
case(f'Draft:\n```json\n{{"name": "Bob", "age": 1}}\n```\nFinal: {A}', ADA)
case(f'Draft: {{"name": "Bob", "age": 1}}\n\nFinal: {A}', ADA)
case(f'{A}\n{{"note": "age in years"}}', ADA, PERSON)
case(f'```json\n{A}\n```\n\n```json\n{{"debug": true}}\n```', ADA, PERSON)
case(f'{{"name": "Bob", "age": 1}}{A}', ADA, PERSON)
case(f'Example input: {{"name": "Eve", "age": 0}}\nAnswer: {A}', ADA)
case(f'{A}\n\nFor comparison, a bad answer: {{"name": 1}}', ADA)
case(f'{A}\n\nThis replaces your earlier {{"name": "Bob", "age": 1}}.', ADA, also=(REFUSE,))
case(f'I thought of {{"name": "Bob", "age": 1}} but that is wrong. Corrected: {A}', ADA, PERSON)
case(f'{A}\n\nFinal:\n{{"name": "he said "x"", "age": 1, "z": "q" r}}', REFUSE)
case(f'Final answer:\n{A}\n\nfinal:\n{{"name": "x" y z, "age": 1}}', REFUSE, PERSON)
case(f'Not {{"name": "Bob", "age": 1}} but {A}', ADA)
case(f'Use {A} instead of {{"name": "Bob", "age": 1}}.', ADA, also=(REFUSE,))
case('{"a": 1}, {"a": 2}', REFUSE, also=([{"a": 1}, {"a": 2}],))
case('{"a": 1},\n{"a": 2},\n{"a": 3}', REFUSE, also=([{"a": 1}, {"a": 2}, {"a": 3}],))
case(f"```ts\ninterface P {{\n  name: string;\n  age: number;\n}}\n```\n\n```json\n{A}\n```", ADA)
case(f'{{"schema": {{"name": "string"}}}}\n\nSo:\n\n{A}', ADA)
case(f"{A}\n{A}", ADA)

kind("thinking")
case(f'<think>maybe {{"name": "Bob", "age": 1}}?</think>{A}', ADA, PERSON)
case(f"<thinking>\nhm\n</thinking>\n\n{A}", ADA)
case(f'maybe {{"name": "Bob", "age": 1}}\n</think>\n{A}', ADA)
case(f"<think>{A}</think>", REFUSE, PERSON)
case(f"<think>{A}", REFUSE, PERSON)
case(f"Okay. <think>perhaps {A}", REFUSE)
case(
    f'<|channel|>analysis<|message|>{{"name": "Bob", "age": 1}}<|end|><|start|>assistant<|channel|>final<|message|>{A}<|return|>',
    ADA,
    PERSON,
)
case(f"<|channel|>final <|constrain|>json<|message|>{A}", ADA)
case(f"<|channel|>analysis<|message|>so {A}", REFUSE)
case(f"<|channel|>analysis<|message|>so {A}<|end|><|start|>assistant", REFUSE)
case(f'<reasoning>{{"name": "Bob", "age": 1}}</reasoning>\n{A}', ADA)
case(f"<reasoning>so it is {A}", REFUSE)
case(f'[THINK]perhaps {{"name": "Bob", "age": 1}}[/THINK]{A}', ADA)
case(f"<think>a</think><think>b {{}}</think>{A}", ADA)
case(f"<THINK>\nx\n</THINK>\n```json\n{A}\n```", ADA)
case('{"a": "<think>", "b": "</think>",}', {"a": "<think>", "b": "</think>"})
case(f"{A}<|im_end|>", ADA)
case(f"<|im_start|>assistant\n{A}<|im_end|>\n<|endoftext|>", ADA)
case(f'<think>\nI should answer {{"name": "x"}}\n\n{A}', REFUSE)
case(f"The `<think>` tag is for me alone.\n{A}", ADA)

kind("invisible")
case(f"\ufeff{A}", ADA, PERSON)
case(f"\u200b\u200b{A}\u200b", ADA)
case('{\u200b"name":\u00a0"Ada",\u2009"age":\u200d36}', ADA, PERSON)
case(f"\x00{A}\x00\x00", ADA)
case(f"\u2060{A}\u2063", ADA)
case(f"\u202a{A}\u202c", ADA)
case(f"\u00ad{A}", ADA)
case(f"\ufeff```json\n\ufeff{A}\n```", ADA)
case(f"ï»¿{A}", ADA)
case('{"a": "\ufeffx\u200b",}', {"a": "\ufeffx\u200b"})
case(f"\x1b[32m{A}\x1b[0m", ADA)
case('{\n\u00a0\u00a0"a": 1,\n\u3000"b": 2\n}', {"a": 1, "b": 2})
case('{"a":\u200e 1,\u200f"b": 2}', {"a": 1, "b": 2})
case("\ufeff", REFUSE)
case("\u200b\u200b \x00", REFUSE)
case("\ufeffname: Ada\nage: 36\n", ADA, PERSON)

kind("smart quotes")
case("{“name”: “Ada”, “age”: 36}", ADA, PERSON)
case("{‘name’: ‘Ada’, ‘age’: 36}", ADA, PERSON)
case("{“a”: “it’s”}", {"a": "it’s"})
case('{“a”: “he said "no" twice”}', {"a": 'he said "no" twice'})
case('{"a": “x”, “b”: "y"}', {"a": "x", "b": "y"})
case("{”a”: ”x”}", {"a": "x"})
case("{„a“: „x“}", {"a": "x"})
case("{“a“: “x“}", {"a": "x"})
case('{"a": "“x” and ‘y’",}', {"a": "“x” and ‘y’"})
case("{“a”: [“x”, “y”,]}", {"a": ["x", "y"]})
case("{‘a’: ‘it’s’}", {"a": "it’s"})
case('{“a”: “x", "b”: 1}', REFUSE, also=({"a": "x", "b": 1},))
case("{«a»: «x»}", {"a": "x"})
case("{“code”: “print(‘hi’)\\n”}", {"code": "print(‘hi’)\n"})

kind("xml")
case(f"<json>{A}</json>", ADA, PERSON)
case(f"<answer>\n{A}\n</answer>", ADA)
case(f"<result><![CDATA[{A}]]></result>", ADA)
case(f'<?xml version="1.0"?>\n<out>\n  <![CDATA[\n  {A}\n  ]]>\n</out>', ADA, PERSON)
case("<json>{&quot;name&quot;: &quot;Ada&quot;, &quot;age&quot;: 36}</json>", ADA, PERSON)
case("{&quot;a&quot;: &quot;x &amp;amp; &lt;b&gt;&quot;}", {"a": "x &amp; <b>"})
case(
    f'<tool_call>\n{{"name": "save", "arguments": {A}}}\n</tool_call>',
    {"name": "save", "arguments": ADA},
)
case(f'<parameter name="person">{A}</parameter>', ADA, PERSON)
case('<answer>{"a": "x &lt; y"}</answer>', {"a": "x &lt; y"})
case("<person><name>Ada</name><age>36</age></person>", REFUSE, PERSON, also=(ADA,))
case(f'<draft>{{"name": "Bob", "age": 1}}</draft>\n<final>{A}</final>', ADA, PERSON)
case(f"<answer type=\"json\" list='[1]'>{A}</answer>", ADA)
case('<output>[{"id": 1}, {"id": 2}]</output>', [{"id": 1}, {"id": 2}])
case('<a>{"html": "<b>x</b></a>"}</a>', {"html": "<b>x</b></a>"})
case(
    '<!DOCTYPE html>\n<html><head><script>var c = {"key": 1};</script></head><body>502 Bad Gateway</body></html>',
    REFUSE,
)
case(f"<answer>{A}", ADA, PERSON)

kind("yaml")
case("name: Ada\nage: 36\n", ADA, PERSON)
case("```yaml\nname: Ada\nage: 36\n```", ADA)
case("Sure:\n\n```yml\nname: Ada\nage: 36\n```\nDone.", ADA, PERSON)
case("---\nname: Ada\nage: 36\n", ADA, PERSON)
case(
    "```yaml\nitems:\n  - id: 1\n    note: 'x: y'\n  - id: 2\n```",
    {"items": [{"id": 1, "note": "x: y"}, {"id": 2}]},
    ITEMS,
)
case(
    "```yaml\ncode: |\n  def f():\n    return 1\npath: a.py\n```",
    {"code": "def f():\n  return 1\n", "path": "a.py"},
    CODE,
)
case("```yaml\non: true\ncountry: NO\n```", REFUSE, also=({"on": True, "country": "NO"},))
case("```yaml\ndone: True\nleft: Null\n```", {"done": True, "left": None})
case("```yaml\nwhen: 2024-01-01\n```", {"when": "2024-01-01"})
case("```yaml\nid: 010\n```", REFUSE)
case("```yaml\na: &x [1]\nb: *x\n```", REFUSE, also=({"a": [1], "b": [1]},))
case("```yaml\na: 1", REFUSE)
case('```toml\nname = "Ada"\nage = 36\n```', ADA, PERSON)
case('name = "Ada"\nage = 36\n', ADA, PERSON)
case('```yaml\ntags: ["a", "b"]\nmeta: {"x": 1}\n```', {"tags": ["a", "b"], "meta": {"x": 1}})
case("Note: I can't do that.", REFUSE)
case("Note: I can't do that.", REFUSE, {"type": "object"})
case("Here it is:\n\nname: Ada\nage: 36", ADA, PERSON)
case("Here it is:\nname: Ada\nage: 36", ADA, obj(["name", "age"], closed=False, name=STR, age=INT))
case('"name": "Ada",\n"age": 36', REFUSE, obj([], closed=False, name=STR, age=INT), also=(ADA,))
case("name: demo\ntags:\n  - a\n  - b\n", {"name": "demo", "tags": ["a", "b"]})
case("verdict: accept\nfindings: []", {"verdict": "accept", "findings": []}, VERDICT)
case(
    '```yaml\nname: Ada\nage: 36\n```\n```json\n{"name": "Eve", "age": 1}\n```',
    {"name": "Eve", "age": 1},
    PERSON,
)
case(
    '```json\n{"name": "Eve", "age": 1}\n```\nor rather\n```yaml\nname: Ada\nage: 36\n```',
    ADA,
    PERSON,
)

kind("unrecoverable")
case("", REFUSE)
case("   \n", REFUSE)
case("I'm sorry, but I can't help with that.", REFUSE)
case("Error: timeout\nStatus: 500", REFUSE)
case("502 Bad Gateway", REFUSE)
case('I cannot produce JSON such as {"a": 1}.', REFUSE)
case("As Smith showed [1, 2], it can't be done.", REFUSE)
case("Use config[\"key\"] or d['x'][0] instead.", REFUSE)
case(
    'Traceback (most recent call last):\n  File "x.py", line 3, in <module>\n    d["a"]\nKeyError: "a"',
    REFUSE,
)
case("function f() { return {}; }", REFUSE)
case("The schema needs name and age. What is the name?", REFUSE, PERSON)
case("{{name}} is {{age}}", REFUSE)
case("{name} is {age} years old", REFUSE, PERSON)
case("}{", REFUSE)
case("][", REFUSE)
case('""""', REFUSE)
case("- [ ] write tests\n- [x] run them", REFUSE)
case("[link](http://x)", REFUSE)
case("{a, b, c}", REFUSE)
case("if (x) { y(); } else { z[0] = 1; }", REFUSE)
case('{"a": {"b": }, "c": ]}', REFUSE)
case("NaN", REFUSE)
case("None", REFUSE)
case('lorem {ipsum: dolor} sit [amet] "consectetur"', REFUSE)
case("<name>Ada</name>", REFUSE, PERSON)
case("Tasks: T1, T2\nOwner: me", REFUSE)

# A second reading, written after the first had been learnt from.
kind("more wrapping")
case(
    'Certainly! Below is the JSON object you requested:\n\n```json\n{\n  "name": "Ada",\n  "age": 36\n}\n```\n\nThis object has two keys: `name` and `age`. If you want me to add `{"city": "X"}`, tell me.',
    ADA,
)
case('**JSON:**\n\n    {"name": "Ada", "age": 36}\n\nDone', ADA)
case(
    '1. First I read the file `a[0]`.\n2. Then:\n```json\n{"name": "Ada", "age": 36}\n```\n3. Finally I checked `x = {}`.',
    ADA,
)
case('| key | value |\n|---|---|\n| name | Ada |\n\n```json\n{"name": "Ada", "age": 36}\n```', ADA)
case('json\n{"name": "Ada", "age": 36}', ADA)
case('json{"name": "Ada", "age": 36}', ADA)
case('JSON: {"name": "Ada", "age": 36}\nEND', ADA)
case('Result = {"name": "Ada", "age": 36};', ADA)
case('return {"name": "Ada", "age": 36}', ADA)
case(
    'The function returns [] when empty, and {} by default. The answer for you:\n\n[{"id": 1}]',
    [{"id": 1}],
)
case('$$\\{x \\in A\\}$$ and so:\n{"name": "Ada", "age": 36}', ADA)
case(
    '```json\n{"name": "Ada", "age": 36}\n```\n\n```bash\ncurl -d \'{"name": "Bob"}\' http://x\n```',
    ADA,
)
case(
    '```bash\ncurl -d \'{"name": "Bob"}\' http://x\n```\n\n```json\n{"name": "Ada", "age": 36}\n```',
    ADA,
)
case(
    "```json\n{\"name\": \"Ada\", \"age\": 36}\n```\n\nExample usage:\n\n```python\ndata = {'name': 'Bob', 'age': 1}\nprint(data['name'])\n```",
    ADA,
)
case(
    '```json\n{"name": "Ada", "age": 36}\n```\nThe schema was:\n```json\n{"type": "object"}\n```',
    ADA,
)
case(
    'First attempt:\n```json\n{"name": "Bob", "age": 1}\n```\nHmm, that has the wrong age. Second attempt:\n```json\n{"name": "Ada", "age": 36}\n```',
    ADA,
)
case('{"name": "Ada", "age": 36}\n\n---\n*Generated by a model [v1.2]*', ADA)
case('{"name": "Ada", "age": 36}\n\nConfidence: 90% {high}', ADA)
case('{"name": "Ada", "age": 36} <!-- end -->', ADA)
case('OK [thinking...] {"name": "Ada", "age": 36}', ADA)
case(
    '<details><summary>JSON</summary>\n\n```json\n{"name": "Ada", "age": 36}\n```\n</details>', ADA
)
case('> {"name": "Ada",\n> "age": 36}', REFUSE, also=(ADA,))
case('- {"id": 1}\n- {"id": 2}', REFUSE, also=([{"id": 1}, {"id": 2}],))
case('name: demo\ntags: ["a", "b"]\n', {"name": "demo", "tags": ["a", "b"]}, also=(REFUSE,))
case('name = "demo"\ntags = ["a", "b"]\n', REFUSE, also=({"name": "demo", "tags": ["a", "b"]},))
case('"name": "Ada",\n"tags": ["x"]', REFUSE, also=({"name": "Ada", "tags": ["x"]},))
case('"name": "Ada", "meta": {"x": 1}}', REFUSE)
case('The keys are {"name" and "age"}.\n\nFinal:\n{"name": "Ada", "age": 36}', ADA, also=(REFUSE,))
case('assistant: {"name": "Ada", "age": 36}\nuser: thanks', ADA)
case(
    'Step 1: consider {"name": "Bob", "age": 1}.\nStep 2: refine.\n\n{"name": "Ada", "age": 36}',
    ADA,
    PERSON,
)

kind("more slips")
case('{"a": "x",, "b": "y",,}', {"a": "x", "b": "y"}, also=(REFUSE,))
case('{"a": 1, "b": 2,\n}\n// end of file', {"a": 1, "b": 2})
case("{a: 1, b: {c: [true, null]}}", {"a": 1, "b": {"c": [True, None]}})
case("{a: 'x', b: \"y\", `c`: 1}", {"a": "x", "b": "y", "c": 1})
case(
    '{"a": "x"\n\n  "b": ["y"]\n  "c": {"d": 1}\n  "e": null}',
    {"a": "x", "b": ["y"], "c": {"d": 1}, "e": None},
)
case('[{"a": 1}, {"a": 2}\n{"a": 3},]', [{"a": 1}, {"a": 2}, {"a": 3}])
case("[1 2 3]", REFUSE)
case('["a" "b"]', REFUSE)
case('{"a": "one"  "two"}', REFUSE)
case('{"a"; 1}', REFUSE)
case('{"a": 1 and "b": 2}', REFUSE)
case('{"a": 1, "b": [1, 2, 3}, "c": 4}', REFUSE)
case('{"a": {"b": 1, "c": 2}', Cut(({"a": {"b": 1, "c": 2}},)))
case('{"a": [1, 2, 3]', Cut(({"a": [1, 2, 3]},)))
case('"a": 1}', REFUSE)
case("a: 1}", REFUSE)
case('{"a": 1]', REFUSE)
case('{"a": "b", "c": "d"}}}', {"a": "b", "c": "d"})
case("[1, 2, 3]]]", [1, 2, 3])
case('{"a": ["x", "y"}', REFUSE)
case('{"a": 1 // one\n "b": 2}', {"a": 1, "b": 2}, also=(REFUSE,))
case('{"a": yes, "b": no}', REFUSE)
case('{"a": nan}', REFUSE)
case('{"a": "x" , "b" : "y" ,}', {"a": "x", "b": "y"})
case('{"key with spaces": 1, other key: 2}', REFUSE)
case('{"a": <value>}', REFUSE)
case('{"a": $5}', REFUSE)
case('{"a": 5 USD}', REFUSE)
case('{"a": ...}', REFUSE)
case('{"a": "x", ...}', REFUSE)
case("{...}", REFUSE)
case("[...]", REFUSE)
case('{"items": [1, 2, "..."]}', {"items": [1, 2, "..."]})
case('{"a": new Date()}', REFUSE)
case('{"a": function() { return 1; }}', REFUSE)
case('{"a": `line one\nline two`}', {"a": "line one\nline two"})
case('{"a": `${x}`}', REFUSE)
case('{"a": "b" /* c */, /* d */ "e": 1}', {"a": "b", "e": 1})
case('{"a": "http://x", "b": "y"}//z', {"a": "http://x", "b": "y"})
case('# Config\n{"a": 1}', {"a": 1})
case('{"sql": "SELECT \'a\' FROM \\"t\\" -- c",}', {"sql": "SELECT 'a' FROM \"t\" -- c"})
case(
    '{"js": "const f = () => { return `x`; } // {",}',
    {"js": "const f = () => { return `x`; } // {"},
)
case(
    '{"py": "d = {\'a\': [1, 2]}\\nprint(f\\"{d}\\")\\n",}',
    {"py": "d = {'a': [1, 2]}\nprint(f\"{d}\")\n"},
)
case(
    '{"sh": "echo \\"$HOME\\" | grep \'[a-z]\' # {",}', {"sh": "echo \"$HOME\" | grep '[a-z]' # {"}
)
case("{'sh': 'echo \"$HOME\" # }', 'n': 1}", {"sh": 'echo "$HOME" # }', "n": 1})
case(
    "{'a': 'line1\\nline2', 'b': 'tab\\t', 'c': 'back\\\\slash'}",
    {"a": "line1\nline2", "b": "tab\t", "c": "back\\slash"},
)
case("{'a': \"it's \\\"quoted\\\"\", 'b': None}", {"a": 'it\'s "quoted"', "b": None})
case("{'a': '\\u00e9\\'', 'b': True}", {"a": "é'", "b": True})
case("OrderedDict([('a', 1), ('b', 2)])", REFUSE, also=({"a": 1, "b": 2},))
case("{'a': set(), 'b': 1}", REFUSE)
case("Person(name='Ada', age=36)", REFUSE, PERSON, also=(ADA,))
case("('a', 1)", REFUSE, also=(["a", 1],))
case("{'a': 1, 'b': 2}['a']", REFUSE)

kind("more quotes")
case('{"a": "The "quick" brown "fox" jumps"}', {"a": 'The "quick" brown "fox" jumps'})
case('{"a": "She said, "Hello," and left"}', REFUSE, also=({"a": 'She said, "Hello," and left'},))
case('{"a": "x = "1"; y = "2"", "b": 1}', REFUSE, also=({"a": 'x = "1"; y = "2"', "b": 1},))
case(
    '{"code": "import os\\nprint("hi")\\nprint("bye")\\n", "path": "x"}',
    {"code": 'import os\nprint("hi")\nprint("bye")\n', "path": "x"},
    CODE,
)
case(
    '{"code": "print("a", "b")", "path": "x"}',
    REFUSE,
    CODE,
    also=({"code": 'print("a", "b")', "path": "x"},),
)
case(
    '{"code": "x["a"] = 1", "path": "x"}', REFUSE, CODE, also=({"code": 'x["a"] = 1', "path": "x"},)
)
case(
    '{"code": "if x == "a": pass", "path": "x"}',
    REFUSE,
    CODE,
    also=({"code": 'if x == "a": pass', "path": "x"},),
)
case('{"code": "{"a": 1}", "path": "x"}', REFUSE, CODE, also=({"code": '{"a": 1}', "path": "x"},))
case(
    '{"code": "return ""\\n", "path": "x"}',
    REFUSE,
    CODE,
    also=({"code": 'return ""\n', "path": "x"},),
)
case('{"code": "f("")", "path": "x"}', REFUSE, CODE, also=({"code": 'f("")', "path": "x"},))
case('{"a": "5" tall", "b": 1}', REFUSE, also=({"a": '5" tall', "b": 1},))
case('{"a": "x" - "y"}', REFUSE)
case('{"a": "x" "y" "z"}', REFUSE)
case('{"a": "x", "y", "b": 1}', REFUSE)
case('{"a": "b": "c"}', REFUSE)
case('{"a": "unclosed, "b": 1, "c": "d"}', REFUSE)
case('{"a": "unclosed\n, "b": 1}', REFUSE)
case('{"a": unopened", "b": 1}', REFUSE)
case('{"a: 1, "b": 2}', REFUSE)
case("{'a': 'x', 'b': y'}", REFUSE)
case("{'s': 'the cats' toys', 'n': 1}", REFUSE, also=({"s": "the cats' toys", "n": 1},))
case("{'s': 'O'Brien', 'n': 'L'Oréal'}", {"s": "O'Brien", "n": "L'Oréal"})
case("{‘a’: “x”, “b”: 'y'}", {"a": "x", "b": "y"})
case('{"a": "x”, "b": "y"}', REFUSE, also=({"a": "x", "b": "y"},))
case('{“a": "x"}', REFUSE, also=({"a": "x"}, Cut(({},))))
case('{"a": "<a href=\'x\'>"}', {"a": "<a href='x'>"})

kind("more cuts")
cut(
    '```json\n{"items": [{"id": 1}, {"id": 2}, {"id": 3, "note": "x',
    {"items": [{"id": 1}, {"id": 2}]},
    schema=ITEMS,
)
cut('{"items": [{"id": 1}, {"id": 2},', {"items": [{"id": 1}, {"id": 2}]}, schema=ITEMS)
cut("{'items': [{'id': 1}, {'id': 2", {"items": [{"id": 1}]}, schema=ITEMS)
cut('{"a": {"b": {"c": "d"', {"a": {"b": {"c": "d"}}})
cut('{"a": "b"}\n{"c": ', {})
cut("[[1, 2], [3", [[1, 2]])
cut('[{"a": 1}, {"b": 2', [{"a": 1}])
cut('{"a": "he said \\"no\\"', {})
cut('{"a": 1, "b": "x\\\\', {"a": 1})
cut('{"a": 1, // b\n "c', {"a": 1})
cut('{"a": -', {})
cut('{"a": 1.5e', {})
cut('{"a": nul', {})
case("Sure, here is the JSON you asked for:", REFUSE)
case("Sure, here is the JSON you asked for:\n\n```json", REFUSE)
case('"just tex', REFUSE)
case("tru", REFUSE)
cut("36", 36, schema=INT, finish="length")
case("```yaml\nname: Ada\nage: 3", REFUSE, PERSON)
case('<json>{"name": "Ada", "age": 36', Cut(({"name": "Ada"}, ADA)), PERSON)
cut('{"a": 1}\n\n```json\n{"b": 2, ', {"b": 2})
cut(
    '{"name": "Ada", "age": 36}\n\nBut on second thought, let me give a corr',
    ADA,
    schema=PERSON,
    finish="length",
)

kind("more refusals")
case("I'd need more information to fill {name} and {age}. Could you provide them?", REFUSE, PERSON)
case('The JSON would have keys ["name", "age"].', REFUSE, PERSON)
case(
    "HTTP/1.1 500 Internal Server Error\nContent-Type: text/html\n\n<html><body>[object Object]</body></html>",
    REFUSE,
)
case("[object Object]", REFUSE)
case("[1] Smith, J. (2020). [2] Doe, A. (2021).", REFUSE)
case("See [1], [2] and [3].", REFUSE)
case("def f(x: dict = {}) -> list:\n    return [x]\n", REFUSE)
case("a[i] = b[j] + c[0]", REFUSE)
case("SELECT * FROM t WHERE a IN (1, 2)", REFUSE)
case("{% if x %}{{ y }}{% endif %}", REFUSE)
case("{}{}{}", REFUSE, also=({},))
case("\\begin{array}{c} 1 \\end{array}", REFUSE)
case("🙂 {🙂} [🙂]", REFUSE)
case("key: value pairs: are: fun", REFUSE)
case("- one\n- two\n- three", REFUSE, also=(["one", "two", "three"],))
case("To-do:\n- write\n- test", REFUSE, also=({"To-do": ["write", "test"]},))
case("name: Ada", REFUSE, also=({"name": "Ada"},))
case("Dear user,\n\nthanks: {see below}\n\nBest", REFUSE)
case('<p>{"a"}</p>', REFUSE)
case("const x = [a, b, ...c];", REFUSE)
case("'''", REFUSE)
case('{"a": 1', Cut(({}, {"a": 1})))
case(
    'function main() {\n  const cfg = {"debug": true};\n  run(cfg);\n}',
    REFUSE,
    also=({"debug": True},),
)
case("class A:\n    x = {'a': 1}\n    y = [1, 2]\n", REFUSE, also=({"a": 1}, [1, 2]))

# A third reading, of replies as they come from models of several makes.
kind("third: wrapped")
case(
    'I\'ll analyze this step by step.\n\n**Step 1:** look at `items[0]`\n\n**Final Answer:**\n\n```json\n{"name": "Ada", "age": 36}\n```',
    ADA,
)
case('{"name": "Ada", "age": 36}\n```', ADA)
case('```json\n\n\n{"name": "Ada",\n\n"age": 36}\n\n\n```\n\n\n', ADA)
case('``` json\n{"name": "Ada", "age": 36}\n```', ADA)
case('```json title="person.json"\n{"name": "Ada", "age": 36}\n```', ADA)
case("'''json\n{\"name\": \"Ada\", \"age\": 36}\n'''", ADA, also=(REFUSE,))
case('"""\n{"name": "Ada", "age": 36}\n"""', ADA, also=(REFUSE,))
case('```\njson\n{"name": "Ada", "age": 36}\n```', ADA)
case('```json\n{"name": "Ada", "age": 36}```', ADA)
case('```json{"name": "Ada", "age": 36}```', ADA)
case('<output>\n```json\n{"name": "Ada", "age": 36}\n```\n</output>', ADA)
case('<think>\n{"name": "Bob"}\n</think>\n\n<answer>{"name": "Ada", "age": 36}</answer>', ADA)
case('<thinking>x</thinking>\n<response>{"name": "Ada", "age": 36}</response>', ADA)
case('◁think▷hm◁/think▷{"name": "Ada", "age": 36}', ADA)
case(
    '[TOOL_CALLS] [{"name": "f", "arguments": {"x": 1}}]',
    [{"name": "f", "arguments": {"x": 1}}],
    also=(REFUSE,),
)
case(
    '<|python_tag|>{"name": "f", "parameters": {"x": 1}}<|eom_id|>',
    {"name": "f", "parameters": {"x": 1}},
)
case('<function=f>{"x": 1}</function>', {"x": 1})
case('A: {"name": "Ada", "age": 36}\n\nQ: next?', ADA)
case('Here\'s the corrected JSON (note the added comma):\n\n{"name": "Ada", "age": 36}', ADA)
case('Here is the JSON, not wrapped in a fence:\n{"name": "Ada", "age": 36}', ADA)
case('I\'ve removed the invalid field. Now it reads:\n{"name": "Ada", "age": 36}', ADA)
case('Based on the schema you have given:\n```json\n{"name": "Ada", "age": 36}\n```', ADA)
case(
    'Original:\n```json\n{"name": "Bob", "age": 1}\n```\nUpdated:\n```json\n{"name": "Ada", "age": 36}\n```',
    ADA,
)
case('Input:\n{"name": "Bob", "age": 1}\nOutput:\n{"name": "Ada", "age": 36}', ADA)
case('```json\n// person.json\n{"name": "Ada", "age": 36}\n```', ADA)
case('{"name": "Ada", "age": 36}\n\nP.S. {"age"} is in years; see f(x) -> {x}', ADA)
case('{"name": "Ada", "age": 36}\n\nRationale:\n- name: as given\n- age: [36] computed', ADA)
case('{"name": "Ada", "age": 36}\n{"name": "Ada", "age": 36', Cut(({"name": "Ada"}, ADA)))
case('{"error": "x"}\n\nSorry, let me retry.\n\n{"name": "Ada", "age": 36}', ADA, PERSON)
case(
    '{"name": "Ada", "age": 36}\n\nLet me double check... yes, that\'s right. {"ok": true}',
    ADA,
    PERSON,
)

kind("third: slips")
case("{\n  name: Ada,\n  age: 36\n}", REFUSE, PERSON, also=(ADA,))
case(
    "{'name': 'Ada', 'age': 36, 'tags': ['a', 'b',], 'ok': True, 'none': None,}",
    {"name": "Ada", "age": 36, "tags": ["a", "b"], "ok": True, "none": None},
)
case(
    '{"text": "Line 1\nLine 2 with \\"quotes\\"\n\tTabbed", "n": 1,}',
    {"text": 'Line 1\nLine 2 with "quotes"\n\tTabbed', "n": 1},
)
case(
    '{"md": "# Title\n\n- item [x](y)\n- `code`\n\n> quote"}',
    {"md": "# Title\n\n- item [x](y)\n- `code`\n\n> quote"},
)
case('{"a": "b"\n,"c": "d"\n,}', {"a": "b", "c": "d"})
case('{"a":1,"b":[1,2,3,],"c":{"d":[{},],},}', {"a": 1, "b": [1, 2, 3], "c": {"d": [{}]}})
case('{"a" : "x" "b" : 2}', {"a": "x", "b": 2}, also=(REFUSE,))
case('{"a": ["x" "y"]}', REFUSE)
case('{"a": ["x"\n"y"]}', {"a": ["x", "y"]}, also=(REFUSE,))
case("{\"a\": 'x', 'b': \"y\", c: `z`}", {"a": "x", "b": "y", "c": "z"})
case('{"path": "C:\\dir\\sub"}', {"path": "C:\\dir\\sub"})
case('{"path": "C:\\new\\table"}', {"path": "C:\new\table"})
case('{"path": "C:\\new\\Users"}', REFUSE)
case('{"latex": "\\alpha + \\beta"}', REFUSE, also=({"latex": "\\alpha + \\beta"},))
case('{"latex": "\\sum_{i} \\le 1"}', {"latex": "\\sum_{i} \\le 1"}, also=(REFUSE,))
case('{"re": "\\b\\d{3}\\b"}', REFUSE, also=({"re": "\\b\\d{3}\\b"}, {"re": "\b\\d{3}\b"}))
case('{"a": "\\\'quoted\\\'"}', {"a": "'quoted'"})
case("{\"a\": 'He said \\'hi\\' to \"her\"'}", {"a": "He said 'hi' to \"her\""})
case('{"a": 1.0, "b": +2, "c": 0b11}', REFUSE)
case('{"a": 1, "b": 0o17}', REFUSE)
case('{"a": 1e+400}', REFUSE)
case('{"a": --1}', REFUSE)
case('{"a": 1..2}', REFUSE)
case('{"a": .}', REFUSE)
case('{"a": ١٢}', REFUSE, also=({"a": 12},))
case('{"a": "x", // TODO: more fields\n "b": 2}', {"a": "x", "b": 2}, also=(REFUSE,))
case('{"a": 1, /* ... */ "b": 2}', REFUSE)
case('{"a": [1, 2, 3, // etc...\n]}', REFUSE)
case('[{"id": 1}, // ... repeat for all\n]', REFUSE)
case(
    '{"a": True, "b": "True", "c": None, "d": "None"}',
    {"a": True, "b": "True", "c": None, "d": "None"},
)
case(
    '{"when": "12:30", "range": "1..5", "v": "1,000"}',
    {"when": "12:30", "range": "1..5", "v": "1,000"},
)
case("{‘name’: ‘Ada’s age’, ‘age’: 36}", {"name": "Ada’s age", "age": 36})
case(
    "{“name”: “Ada “the” great”, “age”: 36}", {"name": "Ada “the” great", "age": 36}, also=(REFUSE,)
)
case("{'a': 'x\", \"b': 1}", {"a": 'x", "b'}, also=(REFUSE,))
case('{"a": "x\', \'b": 1}', REFUSE)

kind("third: nothing")
case("There are several options: {A}, {B} or {C}.", REFUSE)
case("Use `{}` or `[]` as defaults.", REFUSE)
case('Use `{"a": 1}` or `{"a": 2}` as you like.', REFUSE)
case('You could pass {"debug": true} to enable it, but I can\'t run code.', REFUSE)
case('It should look like {"name": ..., "age": ...}', REFUSE)
case('It should look like this: {"name": "<name>"}, but I don\'t know the name.', REFUSE)
case("curl -X POST -d '{\"a\": 1}' http://x", REFUSE, also=({"a": 1},))
case("for x in [1, 2, 3]: print(x)", REFUSE)
case("arr = [1, 2, 3]\nprint(arr[0])", REFUSE, also=([1, 2, 3],))
case("int main() { int a[3] = {1, 2, 3}; return a[0]; }", REFUSE)
case("body { color: red; } .a[href] { b: c }", REFUSE)
case("Array [ 1, 2 ]", REFUSE, also=([1, 2],))
case('The model returned {"a": 1 which is invalid.', REFUSE)
case('<html>{"a": 1}</html>', REFUSE)
case("2024-01-01 12:00:00 ERROR [main] {code=500, msg=oops}", REFUSE)
case('INFO: ["started"] at 12:00', REFUSE, also=(["started"],))
case("{'a'}", REFUSE)
case('{"a", "b"}', REFUSE)
case('"a"', "a")
case("```\nplain text\n```", REFUSE)
case("```yaml\njust a sentence\n```", REFUSE)
case("```json\nnull\n```", REFUSE, also=(None,))
case("```json\n42\n```", REFUSE, also=(42,))

kind("third: nothing")
case('{"code": "a "b", "c" d;\n}\n{"x": 1}\nfoo", "n": "x', REFUSE)
case('{"a": 1}, {"a": 2}\n{"a": 3}', REFUSE)
case('{"a": "he said "no", "b": 1}', REFUSE)
case("name: Ada,\nage: 36", REFUSE, PERSON, also=(ADA,))
case('{"a": "b", "c": "d "e", "f": 1}', REFUSE)
