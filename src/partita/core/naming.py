"""A name for what a request asks for: the user's own name for it, else its noun phrase."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from posixpath import basename

from partita.core.discovery.words import listed
from partita.core.intent import opening

MAX_LENGTH = 40
_MAX_TEXT = 20_000  # characters of a request that are looked at
_MAX_WORDS = 4

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L"}
    | {"đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "\u0131": "i"}
    | {"'": None, "\u2019": None, "\u2018": None}
)
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z][A-Za-z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
# Written with capitals inside, yet one word each.
_ONE_WORD = listed("""
    github gitlab oauth fastapi javascript typescript graphql mongodb postgresql mysql nosql sqlite
    sqlalchemy ios macos openai youtube linkedin devops websocket websockets nextjs nodejs latex
    paypal whatsapp wordpress rabbitmq dynamodb apis urls pdfs ids
""")


def kebab(text: str) -> str:
    """The text as `[a-z0-9][a-z0-9-]*` of at most 40 characters, cut between words; "" if none.

    Accents are dropped and camelCase is taken apart ("Café MenuBoard" is "cafe-menu-board").
    """
    plain = unicodedata.normalize("NFKD", text[:_MAX_TEXT].translate(_LETTERS))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return _joined(part for word in _ASCII_WORD.findall(plain) for part in _parts(word))


def _parts(word: str) -> list[str]:
    if word.lower() in _ONE_WORD:
        return [word.lower()]
    return _HUMPS.sub(" ", word).lower().split()


def _joined(words: Iterator[str]) -> str:
    name = ""
    for word in words:
        longer = f"{name}-{word}" if name else word[:MAX_LENGTH]
        if len(longer) > MAX_LENGTH:
            break
        name = longer
    return name


def name_from(request: str) -> str | None:
    """A kebab-case name for what the request is about, or None where it gives none.

    In this order: `name`, `id` or `title` of the front matter, the first heading, a name the
    user gives ("called foo", 'a service "foo"'), the noun phrase of the first sentence. A name
    of the user's own that no Latin letters can write gives None, as does a request in another
    script: no default is made up.
    """
    text = request[:_MAX_TEXT].lstrip("\ufeff").strip()
    given, body = _front_matter(text)
    if given is None:
        given = _heading(body)
    if given is not None:
        return _of_title(given) or None
    if (given := _own_name(body)) is not None:
        return kebab(given) or None
    return None if _is_foreign(body) else _of_sentences(body) or None


# Documents

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_KEY = re.compile(r"^(name|id|title)[ \t]*:[ \t]*(\S.*)$", re.MULTILINE | re.IGNORECASE)
_FENCE = re.compile(r"```|~~~")
_UNDERLINE = re.compile(r"={3,}\s*\Z")
_LABEL = re.compile(
    r"(?:(?:feature|product|project|software|technical|functional|system|service|task|epic|issue)\s+)?"
    r"(?:spec|specs|specification|specifications|requirements?(?:\s+document)?|prd|rfc|brief|design"
    r"(?:\s+doc(?:ument)?)?|feature|project|task|title|name|request|story)(?:\s*#?\d{1,6})?\s*[:\u2013\u2014-]\s*",
    re.IGNORECASE,
)
_LABEL_AFTER = re.compile(
    r"[\s:\u2013\u2014(-]+(?:(?:feature|product|project|software|technical|functional|system)\s+)?"
    r"(?:spec|specs|specification|specifications|requirements|requirements\s+document|prd|rfc)\)?\s*\Z",
    re.IGNORECASE,
)
_SEARCHED_LINES = 40


def _front_matter(text: str) -> tuple[str | None, str]:
    """The name that YAML front matter gives, and the text behind it."""
    if not (found := _FRONT_MATTER.match(text)):
        return None, text
    keys = {k.lower(): v for k, v in reversed(_KEY.findall(found.group(1)))}
    values = (
        keys[k].split(" #")[0].strip().strip("\"'") for k in ("name", "id", "title") if k in keys
    )
    return next((v for v in values if v), None), text[found.end() :].lstrip()


def _heading(text: str) -> str | None:
    """The first heading of the first level, outside fenced code."""
    fenced, before = False, ""
    for raw in text.split("\n", _SEARCHED_LINES)[:_SEARCHED_LINES]:
        line = raw[:300].strip()
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and line.startswith("# ") and not _LABEL_ONLY.match(line[2:].strip()):
            return line[2:].strip("# ") or None
        elif not fenced and _UNDERLINE.match(line) and before and not _LABEL_ONLY.match(before):
            return before
        before = line
    return None


def _of_title(title: str) -> str:
    bare = _LABEL.sub("", title, count=1) if _LABEL.match(title) else title
    bare = _LABEL_AFTER.sub("", bare)
    if (given := _own_name(bare)) is not None:
        return kebab(given)
    return (_of_sentences(bare) if _verb(bare.split()) else "") or kebab(bare)


# The user's own name

_QUOTED = (
    r"[\"`'\u201c\u201e\u00ab](?P<quoted>[^\"`'\u201c\u201d\u00ab\u00bb\n]{1,80})"
    r"[\"`'\u201c\u201d\u00bb]"
)
_CAPITAL = r"[A-Z0-9][\w-]{0,40}(?:\.\w{1,20})?"
_FORM = (
    rf"(?:{_QUOTED}|(?P<capitals>{_CAPITAL}(?:\s{_CAPITAL}){{1,4}})"
    r"|(?P<word>[^\W_][\w-]{0,80}(?:\.\w{1,20})?))"
)
_GIVEN = (
    re.compile(rf"\b(?P<before>[Cc]all|[Nn]ame)\sit\s(?:the\s)?{_FORM}"),
    re.compile(
        r"(?:\b(?P<before>[\w']{1,40}))?\W{1,3}(?:called|named|titled|dubbed)[:\s]{1,3}(?:the\s)?"
        rf"(?:\*\*|_)?{_FORM}"
    ),
    re.compile(
        rf"^(?P<before>(?:\w{{1,20}}\s)?name)\s?:\s{{1,4}}{_FORM}", re.MULTILINE | re.IGNORECASE
    ),
    re.compile(rf"\b(?P<before>[Nn]ame)\s(?:is|will\sbe|should\sbe|must\sbe)\s{_QUOTED}"),
    re.compile(rf"\b(?P<before>[Cc]all|[Nn]ame)\s(?:this|that|the\s[\w-]{{1,30}})\s{_QUOTED}"),
)
_THING = listed("""
    service app application project tool api cli library package module program server site website
    bot game plugin extension script system platform dashboard microservice backend frontend
    component feature command framework
""")
_THING_QUOTED = re.compile(rf"\b(?P<thing>\w{{2,20}})\s{_QUOTED}")
# "being called twice", "is named after", "a named tuple": there it gives no name.
_PASSIVE = listed("""
    is are was were be been being get gets got getting not never when if once first if's it's
    isn't aren't wasn't already always often only and or a an the
""")
_NO_NAME = listed("""
    twice once when while by from with without on in at after before every each again from for to
    the a an and or if as that which it this more only always never correctly first last
    repeatedly multiple several recursively concurrently
""")


def _own_name(text: str) -> str | None:
    """What the user calls it, None where no name is given."""
    for pattern in _GIVEN:
        for found in pattern.finditer(text):
            before = found.group("before") or ""
            if before.lower() not in _PASSIVE and (name := _named(found.groupdict())):
                return name
    for found in _THING_QUOTED.finditer(text):
        if found.group("thing").lower() in _THING:
            return found.group("quoted")
    return None


def _named(parts: dict[str, str | None]) -> str | None:
    if quoted := parts["quoted"]:
        return quoted
    if capitals := parts.get("capitals"):
        return " ".join(w for w in capitals.split() if w.lower() not in _TECHNOLOGY) or capitals
    word = (parts.get("word") or "").rstrip("-")
    return word if word and word.lower() not in _NO_NAME and not word.endswith("ly") else None


# The noun phrase

_VERBS = listed("""
    build create make add implement write develop design generate introduce extend support fix
    refactor rename improve update change remove delete explain describe summarise summarize test
    optimise optimize scaffold bootstrap set repair restructure reorganise reorganize move migrate
    replace enable allow document review debug speed upgrade port convert provide code program
""")
_ARTICLES = listed("a an the my our your their its his her this that these those some any me us up")
_BOUNDARIES = listed("""
    with using that which who where when while whose by via based including containing featuring
    plus so because if as but from into onto through without between inside within at on in to for
    of over under and or against per, backed written
""")
_FILLER = listed("""
    simple small new basic nice modern minimal tiny little good better great clean robust complete
    full fully fullstack full-stack production-ready production ready scalable fast lightweight
    working functional beautiful powerful easy quick sample example demo very really more missing
    proper please thing things something stuff really just also all existing current whole entire
    following called named how does do did what why where is are was were be been being
    works work which can we
    you i it should would could must not don't doesn't there be able users user-friendly of and the
    a an to for in on with
""") - {"users", "example", "sample", "demo", "work"}
_TECHNOLOGY = listed("""
    python python3 fastapi flask django starlette javascript typescript js ts node nodejs express
    react reactjs vue vuejs angular svelte nextjs go golang rust java kotlin c c++ c# ruby rails php
    laravel spring async asynchronous rest restful http json sqlite postgres postgresql mysql click
    typer html css tailwind bootstrap docker dockerized sqlalchemy pydantic pytest stdlib web-based
""")
_GENERIC = listed("""
    api service app application tool server cli website site web system library program script
    project package module page endpoint test tests unit integration bug error crash issue problem
    support feature function method class button component option command ability way set handler
    version code microservice backend frontend webapp
""")
_VAGUE_VERBS = listed("""
    manage manages managing handle handles handling let lets letting allow allows allowing provide
    provides providing show shows display displays that which can will be able to enable enables
    help helps track tracking do does users people them me us can't cannot couldn't
""")
_SKIPPED = _ARTICLES | _FILLER
_SENTENCE_END = re.compile(r"[.!?](?=\s|\Z)|[;:\n]")
_MAX_SENTENCES = 12
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_PHRASAL = re.compile(r"\b(log|sign|check)[ ](in|out|up)\b", re.IGNORECASE)
_LABEL_ONLY = re.compile(
    r"(?:spec|specs|specification|requirements?|prd|rfc|brief|overview|introduction|summary|title"
    r"|goals?|task|feature|project|description|context|background)\W*\Z",
    re.IGNORECASE,
)
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_OTHER_SCRIPT = re.compile(r"[^\W\d_A-Za-z\u00aa\u00ba\u00c0-\u024f]+")
_TOKEN = re.compile(r"[^\W_][\w'.+#/&-]*|[,()]")
_SUBJECT = re.compile(
    r"(?:the\s)?(?:users?|people|customers?|admins?|anyone|everyone)\s(?:should|must|can|could|need\sto|want\sto)"
    r"(?:\sbe\sable\sto)?\s|(?:i|we)\s(?:want|need|would\slike)\s|i'd\slike\s|as\sa[n]?\s[^,\n]{1,60},\s"
    r"|there\s(?:should|must)\sbe\s",
    re.IGNORECASE,
)


def _is_foreign(text: str) -> bool:
    """Most words are written in another script."""
    start = text[:2_000]
    return len(_LATIN.findall(start)) <= len(_OTHER_SCRIPT.findall(start))


def _of_sentences(text: str) -> str:
    """The noun phrase of the first sentence that has one."""
    plain = _PHRASAL.sub(r"\1\2", _FENCED.sub(" ", text))
    for sentence in _SENTENCE_END.split(plain, maxsplit=_MAX_SENTENCES)[:_MAX_SENTENCES]:
        start = opening(sentence)
        start = opening(start[found.end() :]) if (found := _SUBJECT.match(start)) else start
        if not _LABEL_ONLY.match(start) and (name := _noun_phrase(start[:600])):
            return name if _LATIN.search(name) else ""
    return ""


def _verb(tokens: Sequence[str]) -> bool:
    return bool(tokens) and tokens[0].lower().strip(":") in _VERBS


def _noun_phrase(sentence: str) -> str:
    """The words up to the first preposition; where they say little, those behind it first."""
    tokens = _TOKEN.findall(sentence)
    tokens = tokens[1:] if _verb(tokens) else tokens
    name = _of_phrases(_phrases(tokens, _SKIPPED | _TECHNOLOGY))
    # "Upgrade to Python 3.12": there the technology is all that it is about.
    return name if _LATIN.search(name) else _of_phrases(_phrases(tokens, _SKIPPED))


def _of_phrases(phrases: Sequence[list[str]]) -> str:
    if not phrases:
        return ""
    head, *rest = phrases
    if _says_little(head):
        extra = next((p for p in rest if not _says_little(p)), [])
        head = [*extra[: _MAX_WORDS - 1], head[-1]] if extra else head
    return kebab(" ".join(head[:_MAX_WORDS]))


def _says_little(phrase: Sequence[str]) -> bool:
    return all(w.lower() in _GENERIC for w in phrase)


def _phrases(tokens: Sequence[str], skipped: frozenset[str]) -> list[list[str]]:
    """Runs of words that carry meaning, between prepositions and commas."""
    phrases: list[list[str]] = [[]]
    before = ""
    for token in tokens:
        word = token.lower().strip(".'-")
        # "a tool that converts CSV": the verb says less than its object
        does = before in ("that", "which") and word.endswith("s")
        before = word
        if word in _BOUNDARIES or token in {",", "(", ")"}:
            phrases.append([])
        elif not (does or word in skipped or (not phrases[-1] and word in _VAGUE_VERBS)):
            phrases[-1].append(_stem(token.strip(".'-")))
    return [p for p in phrases if p]


def _stem(word: str) -> str:
    """A path's file name without its extension; another word as it is."""
    return basename(word.rstrip("/")).partition(".")[0] if "/" in word else word
