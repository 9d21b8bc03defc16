"""The redactor: no known secret survives, shapes of secrets go, ordinary code stays."""

import base64
import json
import re
import string
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partita.adapters.redact import Redactor

DIGITS = "a1B2c3D4e5F6g7H8i9J0"
SECRETS = {
    "openai": "sk-proj-" + DIGITS * 3,
    "anthropic": "sk-ant-api03-" + DIGITS * 4 + "-AA",
    "google": "AIza" + (DIGITS * 2)[:35],
    "google oauth": "ya29." + DIGITS * 2,
    "github": "ghp_" + (DIGITS * 2)[:36],
    "github fine": "github_pat_" + DIGITS * 2,
    "gitlab": "glpat-" + DIGITS,
    "slack": "xoxb-123456789012-" + DIGITS,
    "aws": "AKIA" + "ABCDEFGH23456789",
    "hugging face": "hf_" + (DIGITS * 2)[:34],
    "npm": "npm_" + (DIGITS * 2)[:36],
    "pypi": "pypi-" + DIGITS * 3,
    "stripe": "sk_live_" + DIGITS,
    "sendgrid": f"SG.{DIGITS}.{DIGITS}",
    "groq": "gsk_" + DIGITS * 2,
    "jwt": f"eyJ{DIGITS}.eyJ{DIGITS}.{DIGITS}",
}
PRIVATE = base64.b64encode(b"0123456789" * 12).decode()
ORDINARY = (
    "commit 4aa03da1c0b5bb6f2e1c5d0e4f3a2b1c0d9e8f7a",
    "sha256:" + "0123456789abcdef" * 4,
    '{"key": "' + "0123456789abcdef" * 4 + '", "cache_key": "' + "ab" * 32 + '"}',
    "CACHE_KEY=" + "ab" * 20,
    "token = self.tokenizer.next_token_of_stream_1(text)",
    'password = getpass.getpass("Password: ")',
    'SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]',
    'if "-----BEGIN RSA PRIVATE KEY-----" in text:\n    return True\n',
    "task-management-with-more-words-than-one-2",
    '<div class="sk-fading-circle sk-circle-with-a-long-name-too">',
    "the bearer authenticates with a token",
    "http://127.0.0.1:8080/a@b and git@github.com:owner/name.git",
    "eyJ is how they begin",
    "KEY=value TOKEN=short PASSWORD=changeme",
    "def api_key(self, secret: str = 'none') -> str:",
)


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("around", ["{}", "key: {}\n", '"{}",', "x={}&y", "({})"])
def test_what_looks_like_a_providers_key_is_taken_out(kind, around):
    secret = SECRETS[kind]
    cleaned = Redactor().clean(f"before {around.format(secret)} after")
    assert secret not in cleaned
    assert secret[-12:] not in cleaned
    assert "[secret]" in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Authorization: Bearer abcdef0123456789abcdef", "abcdef0123456789"),
        ('"authorization": "Basic dXNlcjpwYXNzd29yZDE="', "dXNlcjpwYXNzd29yZDE"),
        ("postgres://me:hunter2hunter@db.example/x", "hunter2hunter"),
        ("MY_SERVICE_TOKEN=abcd1234efgh5678ijkl", "abcd1234"),
        ("export SECRET_KEY='" + "0123456789abcdef" * 4 + "'", "0123456789abcdef"),
        ('client_secret: "abcd1234efgh5678"', "abcd1234"),
        ("api-key = 'abcd1234efgh5678'", "abcd1234"),
        (f"-----BEGIN PRIVATE KEY-----\n{PRIVATE}\n-----END PRIVATE KEY-----", PRIVATE),
        (f"-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-1\n\n{PRIVATE}", PRIVATE),
        (f"-----BEGIN EC PRIVATE KEY-----\\n{PRIVATE}\\n-----END EC PRIVATE KEY-----", PRIVATE),
    ],
)
def test_assignments_headers_urls_and_key_blocks_are_taken_out(text, gone):
    cleaned = Redactor().clean(text)
    assert gone not in cleaned
    assert "[secret]" in cleaned


@pytest.mark.parametrize("text", ORDINARY)
def test_hashes_and_ordinary_code_stay(text):
    assert Redactor().clean(text) == text


def test_our_own_source_stays():
    for path in (Path(__file__).parents[1] / "src" / "partita").rglob("*.py"):
        text = path.read_text()
        assert Redactor(["a-known-value-of-ours"]).clean(text) == text, path


def test_a_known_value_shorter_than_eight_characters_is_left():
    assert Redactor(["main", ""]).clean("the main branch") == "the main branch"


ANY = st.text(st.sampled_from(string.ascii_letters + '[]<>{}*=:/" \n%\\é\ud800█'), max_size=30)


@given(known=st.lists(ANY, max_size=4), parts=st.lists(ANY | st.integers(0, 3), max_size=12))
@example(known=["[secret]"], parts=["x [secret] y"])
@example(known=["password1", "et]after99"], parts=["password1after99"])
@example(known=["before99[s", "password1"], parts=["before99password1"])
def test_a_known_secret_never_survives(known, parts):
    """Also when it looks like the mask, or overlaps another."""
    text = "".join(p if isinstance(p, str) else "".join(known[p : p + 1]) for p in parts)
    redactor = Redactor(known)
    cleaned = redactor.clean(text)
    in_json = json.dumps(redactor.clean_json({"a": [text, {text: text}]}), ensure_ascii=False)
    for secret in known:
        if len(secret) >= 8:
            assert secret not in cleaned
            assert json.dumps(secret, ensure_ascii=False)[1:-1] not in in_json
    assert redactor.clean(cleaned) == cleaned


def test_known_values_are_found_as_json_and_urls_write_them():
    redactor = Redactor(['pass"word/é8'])
    for text in ('{"x": "pass\\"word/\\u00e98"}', "u=pass%22word%2F%C3%A98"):
        assert "word" not in redactor.clean(text)


def test_json_is_cleaned_at_every_level_and_keeps_its_shape():
    value = {"n": 1, "list": [None, True, {SECRETS["openai"]: SECRETS["github"]}], "f": 1.5}
    cleaned = Redactor().clean_json(value)
    assert cleaned == {"n": 1, "list": [None, True, {"[secret]": "[secret]"}], "f": 1.5}
    assert Redactor().clean_json({"api_key": DIGITS, "key": DIGITS}) == {
        "api_key": "[secret]",
        "key": DIGITS,
    }


def test_json_that_is_nested_without_end_does_not_exhaust_the_stack():
    value: list = []
    for _ in range(100_000):
        value = [value]
    assert "[secret]" in str(Redactor().clean_json(value))


@pytest.mark.parametrize(
    "piece",
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nA: b: c: d",
        "eyJ-eyJ.",
        "eyJaaaaaaaa.",
        "sk-sk-",
        "sk-aaaa-",
        "A_",
        "KEY=",
        "secret='",
        'password="aaaaaaaaaaaaaaaaaaaa',
        "http://a:",
        "a://",
        "bearer ",
        "authorization:  ",
        " ",
        "a",
        "SG.",
    ],
)
def test_hostile_text_is_read_in_steps_bounded_by_its_length(piece):
    """A hundred thousand characters of each; a pattern that backtracks would never return."""
    text = piece * (100_000 // len(piece))
    assert len(Redactor(["known-value"]).clean(text)) <= len(text)


def test_patterns_repeat_within_bounds():
    source = Path(Redactor.clean.__code__.co_filename).read_text()
    patterns = re.findall(r'r"(.*)"', source)
    assert patterns
    for pattern in patterns:
        outside = re.sub(r"\\.|\[(?:\\.|[^\]])*\]", "", pattern)
        assert not set(outside) & set("*+"), pattern
