"""Prices come from the list, from the user, or are unknown; only loopback is free."""

import tomllib

import pytest

from partita.adapters.models.build import ModelSpec, build_model
from partita.adapters.models.prices import is_loopback, known_price, price_lines
from partita.core.budget import FREE, NANO, Price, Usage
from partita.errors import BadSettings


def test_a_listed_price_is_exact_in_nano_dollars():
    price = known_price("openai", "gpt-4o-mini")
    assert price is not None
    assert (price.input, price.output, price.cache_read) == (
        150_000_000,
        600_000_000,
        75_000_000,
    )
    assert price.cost(Usage(input=1_000_000, output=0)) == 150_000_000
    assert price.source.startswith("genai-prices 0.")


def test_a_price_that_rises_with_size_is_its_first_tier_and_says_so():
    price = known_price("anthropic", "claude-sonnet-4-5")
    assert price is not None
    assert (price.input, price.output) == (3 * NANO, 15 * NANO)
    assert (price.cache_read, price.cache_write) == (300_000_000, 3_750_000_000)
    assert "below 200,000 input tokens" in price.source


def test_a_price_that_changes_with_the_hour_is_its_dearest():
    price = known_price("deepseek", "deepseek-chat")
    assert price is not None
    assert (price.input, price.output) == (270_000_000, 1_100_000_000)


def test_a_known_host_finds_its_provider():
    assert known_price("https://api.openai.com/v1", "gpt-4o-mini") == known_price(
        "openai", "gpt-4o-mini"
    )


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "no-such-model"),
        ("no-such-provider", "gpt-4o-mini"),
        ("https://llm.example.org/v1", "gpt-4o-mini"),
        ("openai", ""),
    ],
)
def test_what_is_not_listed_has_no_price(provider, model):
    assert known_price(provider, model) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1",
        "http://127.8.9.10",
        "http://localhost:11434/v1",
        "http://LOCALHOST/v1",
        "https://[::1]:8443/v1",
    ],
)
def test_loopback_is_local(url):
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://0.0.0.0:8000/v1",
        "http://[::]:8000/v1",
        "http://localhost.example.org/v1",
        "http://mylocalhost/v1",
        "http://127.0.0.1.example.org/v1",
        "http://127.0.0.1@example.org/v1",
        "http://localhost@127.0.0.1/v1",
        "http://example.org\\@127.0.0.1/v1",
        "http://example.org#@127.0.0.1/v1",
        "http://10.0.0.1/v1",
        "http://[::ffff:10.0.0.1]/v1",
        "http://127.1/v1",
        "http://2130706433/v1",
        "http://[::1/v1",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "",
    ],
)
def test_nothing_else_is_local(url):
    assert not is_loopback(url)


def spec(**changes):
    fields = {"name": "m", "wire": "openai", "model": "gpt-4o-mini", **changes}
    return ModelSpec(**fields)


def test_the_users_price_wins_then_loopback_then_the_list():
    own = Price(input=1, output=2, source="own")
    local = "http://127.0.0.1:1/v1"
    assert build_model(spec(price=own, base_url=local)).price == own
    assert build_model(spec(base_url=local)).price == FREE
    assert build_model(spec()).price == known_price("openai", "gpt-4o-mini")
    assert build_model(spec(base_url="https://llm.example.org/v1")).price is None
    assert build_model(spec(model="no-such-model")).price is None


def test_the_lines_to_write_are_valid_once_the_amounts_are_numbers():
    for name in ("local", "openai:new-model", 'odd"name'):
        lines = price_lines(name)
        with pytest.raises(tomllib.TOMLDecodeError):
            tomllib.loads(lines)
        table = tomllib.loads(lines.replace("DOLLARS", "1.25"))["models"][name]
        assert (table["input_price"], table["output_price"]) == (1.25, 1.25)


@pytest.mark.parametrize(
    "url",
    [
        "example.org/v1",
        "ftp://example.org",
        "http://",
        "http://user:pass@example.org/v1",
        "http://exa mple.org",
        "http://example.org\\@127.0.0.1/v1",
        "http://[::1/v1",
        "http://example.org:99999/v1",
        "http://example.org/v1\n",
    ],
)
def test_a_base_url_that_is_none_is_refused_without_its_password(url):
    with pytest.raises(BadSettings) as caught:
        spec(base_url=url)
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize("headers", [{"X\nY": "a"}, {"X-A": "b\r\nEvil: yes"}, {"": "a"}])
def test_a_header_that_smuggles_is_refused(headers):
    with pytest.raises(BadSettings):
        spec(headers=headers)


def test_an_unknown_wire_is_refused():
    with pytest.raises(BadSettings):
        spec(wire="telepathy")


def test_secrets_are_not_shown_with_the_specification():
    shown = repr(spec(key="sk-hidden", headers={"X-Key": "also-hidden"}))
    assert "hidden" not in shown


def test_neither_sdk_is_imported_by_building_a_model():
    import subprocess  # noqa: PLC0415 - only here
    import sys  # noqa: PLC0415

    code = (
        "import sys; from partita.adapters.models.build import ModelSpec, build_model;"
        "[build_model(ModelSpec(name='m', wire=w, model='m')) for w in ('openai', 'anthropic')];"
        "print([m for m in ('openai', 'anthropic', 'genai_prices', 'httpx2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
