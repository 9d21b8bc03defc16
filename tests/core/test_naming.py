"""The user's own name for the thing wins; else its noun phrase; never a default."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.naming import MAX_LENGTH, kebab, name_from

NAMES = [
    # the noun phrase
    ("Build a FastAPI todo service with CRUD, SQLite persistence and tests", "todo-service"),
    ("Add rate limiting to the login endpoint", "rate-limiting"),
    ("Add a password reset page", "password-reset-page"),
    ("Build a latest-news page", "latest-news-page"),
    ("hello world service", "hello-world-service"),
    ("Build a hello-world HTTP service", "hello-world-service"),
    ("Todo app with React", "todo-app"),
    ("I want a todo app", "todo-app"),
    ("I need a URL shortener", "url-shortener"),
    ("Hello, build a chat app", "chat-app"),
    ("Can you please add pagination to the articles list?", "pagination"),
    ("Please create a simple weather dashboard using React", "weather-dashboard"),
    ("make me a snake game", "snake-game"),
    ("Users should be able to reset their password", "reset-password"),
    ("As a user, I want to filter orders by date", "filter-orders"),
    ("There should be a health endpoint", "health-endpoint"),
    ("Implement OAuth login", "oauth-login"),
    ("Build GitHub sync", "github-sync"),
    ("Build a TodoMaster app", "todo-master-app"),
    ("Build a 3D viewer", "3d-viewer"),
    ("Build a markdown-to-html converter", "markdown-to-html-converter"),
    ("Create a Node.js chat server", "node-js-chat-server"),
    ("Explain how the scheduler works", "scheduler"),
    ("What does the cache do?", "cache"),
    ("Refactor the payment module", "payment-module"),
    ("Improve performance", "performance"),
    ("Add `--verbose` flag to the CLI", "verbose-flag"),
    ("Build an API", "api"),
    # a word that says little is told apart by what follows it
    ("Build a REST API for managing books", "books-api"),
    ("Add an endpoint to export invoices", "export-invoices-endpoint"),
    ("Add tests for the parser", "parser-tests"),
    ("Write unit tests for src/app/store.py", "store-tests"),
    ("Add support for dark mode", "dark-mode-support"),
    ("Build a website for my bakery", "bakery-website"),
    ("Fix the bug where users can't log in", "login-bug"),
    ("Create a CLI tool that converts CSV to JSON", "csv-tool"),
    ("Upgrade to Python 3.12", "python-3-12"),
    # the user's own name
    ("Build a service called foo", "foo"),
    ("Build a service called foo.", "foo"),
    ('Create an app named "Foo Bar" in Go', "foo-bar"),
    ('A service "ledger" that tracks money', "ledger"),
    ("Build a web app called Todo Master with CRUD", "todo-master"),
    ("Build a Flask API (called 'Crumb') for a bakery", "crumb"),
    ('Build a bookmarks API. Call it "Pinboard".', "pinboard"),
    ("Name it Sparrow. It is a bird tracker.", "sparrow"),
    ('Build a bird tracker. Its name is "Sparrow Hawk"', "sparrow-hawk"),
    ("name: shopping-list. It holds items.", "shopping-list"),
    ("create `billing` package", "billing-package"),
    ("Add a function named parse_date to utils", "parse-date"),
    ("a library titled **Quill**", "quill"),
    ("Build a caf\u00e9 tool called \u201cCaf\u00e9 Cr\u00e8me\u201d", "cafe-creme"),
    # words that only look like a name
    ("Fix save() being called twice", "save"),
    ("Fix the crash of render being called inside a loop", "render-crash"),
    ("Add a named tuple for results", "tuple"),
    ("Fix the crash when it is called with no arguments", "no-arguments-crash"),
    ("Fix bug when name is empty", "name-empty-bug"),
    # documents
    ("# Todo Service\n\nBuild x called y", "todo-service"),
    ("# Todo Service Specification\n", "todo-service"),
    ("# Feature Specification: User Login\n", "user-login"),
    ("# Build a todo service called Foo", "foo"),
    ("# Build a chat server in Go", "chat-server"),
    ("Todo Service\n============\nStores items.", "todo-service"),
    ("---\nid: feat-12-login\nname: Login Flow\n---\n# Other", "login-flow"),
    ("---\r\nid: login-flow\r\n---\r\n# Other", "login-flow"),
    ("---\nkind: x\n---\n# Login Flow", "login-flow"),
    ("# Specification\n\nBuild a chat server", "chat-server"),
    ("```\n# comment\n```\nBuild a todo app", "todo-app"),
    # nothing to name it by
    ("Make it better", None),
    ("Build something", None),
    ("", None),
    ("  \n ", None),
    ("???", None),
    ("Fix #123", None),
    # other scripts
    ("Создай сервис задач", None),
    ("用 FastAPI 写一个 todo 服务", None),
    ("Build a service called «Привет»", None),
    ("# Привет", None),
    ("Baue einen Kölner Todo-Dienst", "baue-einen-kolner-todo-dienst"),
]


@pytest.mark.parametrize(("request_", "name"), NAMES)
def test_a_request_is_named_by_its_own_words(request_, name):
    assert name_from(request_) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Foo Bar", "foo-bar"),
        ("fooBar", "foo-bar"),
        ("HTTPServer", "http-server"),
        ("snake_case name", "snake-case-name"),
        ("  --a--b--  ", "a-b"),
        ("Crème brûlée", "creme-brulee"),
        ("Straße nach Łódź", "strasse-nach-lodz"),
        ("don't", "dont"),
        ("SaaS for PDFs", "saas-for-pdfs"),
        ("FastAPI", "fastapi"),
        ("a/../b", "a-b"),
        ("x" * 100, "x" * 40),
        ("word " * 20, "word-word-word-word-word-word-word-word"),
        ("Привет", ""),
        ("", ""),
    ],
)
def test_kebab_writes_any_latin_text(text, name):
    assert kebab(text) == name


@given(st.text())
def test_a_name_always_has_the_form_of_a_name(text):
    for name in (name_from(text), kebab(text) or None):
        assert name is None or re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert name is None or len(name) <= MAX_LENGTH


@given(st.text(alphabet="bBa #-\n`\"':.called nmit", max_size=200))
def test_marks_and_half_quotes_are_read_through(text):
    name_from(text)


@pytest.mark.parametrize(
    "piece", ["called ", '"', "`", "#", "---\n", "a ", "``` ", " ", "Aa", "\n"]
)
def test_five_megabytes_are_read_through(piece):
    name_from(piece * (5_000_000 // len(piece)))


@given(st.from_regex(r"[a-z]{3,10}(-[a-z]{3,10}){0,2}", fullmatch=True))
def test_a_quoted_name_is_taken_as_it_is(name):
    assert name_from(f'Build a todo service called "{name}" with tests') == name
