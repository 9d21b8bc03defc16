"""Splitting prose, identifiers and paths into the words that search compares."""

import re


def listed(text: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(text.split())


STOP_WORDS = listed("""
    a about above after again all also an and any are as at be because been before being below
    both but by can could did do does doing done down during each either else every few for from
    further get gets got had has have having he her here his how i if in into is it its itself
    just let lets like me might more most must my need needs new no nor not now of off on once
    one only onto or other our ours out over own please same shall she should so some such than
    that the their them then there these they this those through to too under until up upon us
    use used uses using very via want wants was we were what when where whether which while who
    whom whose why will with within without would yes you your
""")

MAX_TEXT = 20_000  # characters of a text that are looked at
_WORD = re.compile(r"[^\W_]+")
_HUMPS = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])"  # rate|Limit
    r"|(?<=[A-Z])(?=[A-Z][a-z])"  # HTTP|Server
)


def words(text: str) -> list[str]:
    """Every word in lower case; a camelCase name gives its parts and then itself, joined."""
    found: list[str] = []
    for word in _WORD.findall(text[:MAX_TEXT]):
        plain = word.lower()
        if plain != word and len(parts := _HUMPS.sub(" ", word).lower().split()) > 1:
            found.extend(parts)
        found.append(plain)
    return found


def terms(text: str, *, limit: int = 64) -> tuple[str, ...]:
    """What a query is made of: distinct words of two letters or more, stop words left out."""
    kept = dict.fromkeys(w for w in words(text) if len(w) > 1 and w not in STOP_WORDS)
    return tuple(kept)[:limit]
