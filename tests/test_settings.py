"""Settings: who wins, what a repository may not do, and that everything wrong is said at once."""

import os
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.core.budget import NANO, Caps, Price
from partita.core.question import ROLES
from partita.errors import BadSettings, RefusedCredentials
from partita.settings import (
    ModelTable,
    Settings,
    load_settings,
    resolve_routes,
    template,
    user_file,
)
from partita.settings.keys import KEYS
from partita.settings.models import FIELDS, OWN
from partita.settings.parsers import money

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"
OPENAI = {"OPENAI_API_KEY": "sk-of-the-user"}
LOCAL_TABLE = '[models.mine]\nwire = "openai"\nname = "m"\nbase_url = "http://127.0.0.1:1/v1"\n'


KNOWN = ", ".join([*KEYS, "roles", "models"])


@pytest.fixture
def load(tmp_path):
    """Settings from texts of the two files, variables, and flags."""

    def loaded(project=None, /, *, user=None, environ=None, **flags):
        path = tmp_path / "config.toml"
        if user is not None:
            path.write_text(user)
        return load_settings(project=project, user=path, environ=environ or {}, flags=flags)

    return loaded


def problems(load, *args, **kwargs):
    with pytest.raises(BadSettings) as caught:
        load(*args, **kwargs)
    return caught.value.message.splitlines()


# Who wins


def test_nothing_anywhere_gives_the_defaults(load):
    settings = load()
    assert settings == Settings()
    assert (settings.depth, settings.budget, settings.max_parallel) == ("standard", 5 * NANO, 4)
    assert settings.source("depth") == "default"


def test_each_source_overrules_those_before_it_and_origin_says_which(load, tmp_path):
    user = "rounds = 1\nmax_parallel = 1\ntest_seconds = 1\ncalls_in_flight = 1\n"
    project = "\nmax_parallel = 2\ntest_seconds = 2\ncalls_in_flight = 2\n"
    environ = {"PARTITA_TEST_SECONDS": "3", "PARTITA_CALLS_IN_FLIGHT": "3"}
    settings = load(project, user=user, environ=environ, calls_in_flight=4, depth=None)
    got = {n: (getattr(settings, n), settings.source(n)) for n in KEYS if n in settings.origin}
    assert got == {
        "rounds": (1, f"{tmp_path / 'config.toml'}, line 1"),
        "max_parallel": (2, "partita.toml, line 2"),
        "test_seconds": (3, "PARTITA_TEST_SECONDS"),
        "calls_in_flight": (4, "--calls-in-flight"),
    }


@pytest.mark.parametrize("name", [n for n in KEYS if n != "model"])
def test_every_setting_is_read_from_a_variable_a_flag_and_the_users_file(load, name):
    other = {
        "depth": "quick",
        "budget": "1.5",
        "test_command": "make check",
        "answer_cache": "false",
        "approve": "true",
        "allow_unsandboxed": "true",
        "role_budgets": "coder=1.5",
        "database": "postgresql://me@db/partita",
        "remote": "shared",
        "project": "shop",
    }.get(name, "7")
    quoted = other if other in ("true", "false") else f'"{other}"'
    by_variable = load(environ={KEYS[name].variable: other})
    by_flag = load(**{name: other})
    by_file = load(user=f"{name} = {quoted}\n")
    assert by_variable == by_flag == by_file != Settings()


def test_empty_variables_and_flags_were_not_given(load):
    assert load(environ={"PARTITA_BUDGET": "", "PARTITA_MODEL": ""}, model=(), budget=None) == (
        Settings()
    )


def test_the_project_file_may_be_a_path(tmp_path):
    (tmp_path / "partita.toml").write_bytes(b"\xef\xbb\xbfrounds = 2\r\n")
    settings = load_settings(project=tmp_path / "partita.toml", environ={}, flags={})
    assert settings.rounds == 2
    assert load_settings(project=tmp_path / "none.toml", environ={}, flags={}) == Settings()


def test_the_users_file_is_where_the_platform_or_the_variable_says(tmp_path):
    assert user_file({}).name == "config.toml"
    assert user_file({}).parent.name == "partita"
    named = {"PARTITA_CONFIG": str(tmp_path / "mine.toml")}
    assert user_file(named) == tmp_path / "mine.toml"
    with pytest.raises(BadSettings, match=r"PARTITA_CONFIG: there is no file .*mine\.toml"):
        load_settings(user=user_file(named), environ=named, flags={})


# Money


@pytest.mark.parametrize(
    ("written", "nano"),
    [
        ("2.50", 2_500_000_000),
        ("$2.50", 2_500_000_000),
        ("0", 0),
        ("0.000000001", 1),
        ("1000", 1000 * NANO),
        ("none", None),
    ],
)
def test_money_is_read_exactly(load, written, nano):
    assert load(budget=written).budget == nano
    assert load(environ={"PARTITA_BUDGET": written}).budget == nano
    assert load(user=f'budget = "{written}"').budget == nano


def test_a_number_with_a_point_in_a_file_is_exact(load):
    assert load("budget = 0.1").budget == 100_000_000
    assert load("budget = 4.999999999").budget == 4_999_999_999
    assert load("budget = 3").budget == 3 * NANO
    assert load("budget = 0.0000001").budget == 100
    assert load(user="budget = 9999999.123456789").budget == 9_999_999_123_456_789


@pytest.mark.parametrize(
    "written",
    ["-1", "nan", "inf", "1e12", "1e999999999", "2,50", "", " ", "1.0000000001", "true", "$", "٣"],
)
def test_what_is_no_amount_is_refused(load, written):
    for line in (f'budget = "{written}"', f"budget = {written}"):
        with pytest.raises(BadSettings, match=r"partita\.toml"):
            load(line)


@given(st.integers(0, 10**15))
def test_money_comes_back_from_its_decimals(nano):
    assert money(f"{nano // NANO}.{nano % NANO:09d}") == nano


# Everything wrong, at once


def test_all_problems_are_said_at_once_with_their_places(load, tmp_path):
    user = tmp_path / "config.toml"
    said = problems(
        load,
        'depht = "quick"\nmax_parallel = 0\n[roles]\ncodr = "openai:x"\ncoder = ["none"]\n',
        user="\nrounds = 11\n[models.a]\nwire = 'opena'\nbase_urll = 'x'\n",
        environ={"PARTITA_BUGDET": "1", "PARTITA_APPROVE": "perhaps", "PARTITA_OTHER": "x"},
        depth="deep",
        modle="x",
    )
    assert set(said) == {
        "partita.toml, line 1: depht: unknown; did you mean depth?",
        "partita.toml, line 2: max_parallel: want a whole number from 1 to 64",
        "partita.toml, line 4: roles.codr: unknown; did you mean coder?",
        (
            "partita.toml, line 5: 'none' is no model: want openai:NAME or anthropic:NAME, "
            "or a [models.X] table's name"
        ),
        f"{user}, line 2: rounds: want a whole number from 0 to 10",
        f"{user}, line 4: models.a.wire: want openai or anthropic",
        f"{user}, line 5: models.a.base_urll: unknown; did you mean base_url?",
        "PARTITA_BUGDET: unknown; did you mean PARTITA_BUDGET?",
        "PARTITA_APPROVE: approve: want true or false",
        "--depth: depth: want quick, standard or thorough",
        "--modle: modle: unknown; did you mean model?",
    }


@pytest.mark.parametrize(
    "text",
    [
        "depth = ",
        "[[models]]\nx = 1",
        "[models]\nx = 1",
        "models = 3",
        "roles = []",
        "[roles]\ncoder = [1]",
        "[roles]\ncoder = []",
        "model = []",
        "model = {}",
        "model = 'a,,b'",
        "depth = ['quick']",
        "rounds = 1.5",
        "rounds = true",
        "rounds = " + "9" * 5000,
        "test_command = ''",
        "test_command = 'a\\nb'\ntest_command = 'b'",
        'test_command = "a\\nb"',
        "x = " + "[" * 20_000,
        "a" * 70_000,
        "[models.'a b']\nwire = 'openai'",
        "[models.'llama3:8b']\nwire = 'openai'",
        "[models.'openai:x']\nname = 'y'",
        "[models.x]\nname = 'y'",
        "[models.x]\nwire = 'openai'\nmax_output = 0",
        "\x00",
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(load, text):
    assert all(line.startswith("partita.toml") for line in problems(load, text))


@given(st.text(max_size=200))
def test_no_project_file_can_do_worse_than_be_refused(text):
    try:
        load_settings(project=text, environ={}, flags={})
    except BadSettings as e:
        assert "partita.toml" in e.message  # noqa: PT017 - either outcome is right


def test_files_that_are_no_plain_text_are_refused(tmp_path):
    (tmp_path / "secret").write_text("rounds = 2")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin").write_bytes(b"depth = '\xff'")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "folder", "latin", "pipe"):
        with pytest.raises(BadSettings, match=r"partita\.toml: (is|can't)"):
            load_settings(project=tmp_path / name, environ={}, flags={})
    for name in ("folder", "latin", "pipe"):
        with pytest.raises(BadSettings, match=name):
            load_settings(user=tmp_path / name, environ={}, flags={})
    assert load_settings(user=tmp_path / "link", environ={}, flags={}).rounds == 2


def test_what_a_file_says_cannot_draw_on_the_terminal(load):
    said = problems(load, '"\\u001b[2J\\nall is well\\u202e" = 1')
    assert said == [
        "partita.toml: ?[2J?all is well?: can't be set by a repository; known are " + KNOWN
    ]


# What a repository may not do


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("budget = 5.01", "by PARTITA_BUDGET or by --budget"),
        ('budget = "none"', "by PARTITA_BUDGET or by --budget"),
        ("allow_unsandboxed = true", "by PARTITA_ALLOW_UNSANDBOXED or by --allow-unsandboxed"),
        ("database = 'postgresql://db/x'", "by PARTITA_DATABASE or by --database"),
        ("project = 'other'", "by PARTITA_PROJECT or by --project"),
        ("remote = 'ssh://git@example.com/x'", "by PARTITA_REMOTE or by --remote"),
        ("warn_at = 90", "by PARTITA_WARN_AT or by --warn-at"),
        ("allow_unsandboxed = false", "by PARTITA_ALLOW_UNSANDBOXED or by --allow-unsandboxed"),
        ("hooks = ['x']", "can't be set by a repository"),
        ("headers = {}", "can't be set by a repository"),
        ("base_url = 'http://example.com'", "can't be set by a repository"),
        *(
            (f"[models.x]\nwire = 'openai'\n{field} = 'X'", "in your own settings file")
            for field in OWN
        ),
    ],
)
def test_what_a_repository_may_not_set_is_an_error_with_the_place_that_may(load, line, remedy):
    said = problems(load, line)
    [about] = [text for text in said if "may not" in text or "by a repository" in text]
    assert re.match(r"partita\.toml, line \d+: ", about)
    assert remedy in about


def test_the_user_may_set_all_of_it(load):
    settings = load(
        user="budget = 500\nallow_unsandboxed = true\n"
        "[models.x]\nwire = 'openai'\nname = 'm'\nbase_url = 'https://example.com/v1'\n"
        "key_env = 'X_KEY'\ninput_price = 0.25\noutput_price = 2\ncache_read_price = 0.025\n"
        "max_output = 1000\ncontext = 2000\ntimeout = 30\nthinking = 40\njson_mode = true\n"
    )
    assert (settings.budget, settings.allow_unsandboxed) == (500 * NANO, True)
    assert settings.models["x"] == ModelTable(
        name="x",
        wire="openai",
        model="m",
        base_url="https://example.com/v1",
        key_env="X_KEY",
        price=Price(input=NANO // 4, output=2 * NANO, cache_read=NANO // 40, source="settings"),
        max_output=1000,
        context=2000,
        timeout=30.0,
        thinking=40,
        json_mode=True,
    )


def test_a_repository_may_lower_the_cap_and_raise_it_up_to_the_users(load):
    assert load("budget = 1").budget == NANO
    assert load("budget = 9", user="budget = 10").budget == 9 * NANO
    assert load("budget = 9", user='budget = "none"').budget == 9 * NANO
    assert load("budget = 4", budget="1").budget == NANO
    assert problems(load, "budget = 2", user="budget = 1")


CAPS = ("budget", "task_budget", "day_budget", "project_budget")
LIMITS = ("requests_per_minute", "tokens_per_minute")


@pytest.mark.parametrize("name", [*CAPS, *LIMITS])
def test_a_repository_may_only_lower_a_cap_or_a_limit(load, name):
    mine = f"{name} = 10"
    for more in ("11", '"none"'):
        [said] = problems(load, f"{name} = {more}", user=mine)
        assert "a repository may not raise" in said
    unit = NANO if name in CAPS else 1
    assert getattr(load(f"{name} = 9", user=mine), name) == 9 * unit
    assert getattr(load(f"{name} = 9", user=f'{name} = "none"'), name) == 9 * unit


def test_caps_of_roles_are_lowered_one_by_one(load):
    user = 'role_budgets = "coder=2,planner=1"'
    got = load("[role_budgets]\ncoder = 1.5\nwriter = 9", user=user)
    assert got.role_budgets == {"coder": 3 * NANO // 2, "planner": NANO, "writer": 9 * NANO}
    for more in ('"coder=2.01"', '"coder=none"', '"none"', "{ writer = 1, planner = 3 }"):
        [said] = problems(load, f"role_budgets = {more}", user=user)
        assert "a repository may not raise the cap" in said
    assert load(user=user, role_budgets="coder=none").role_budgets == {"planner": NANO}
    assert load(user=user, role_budgets="none").role_budgets == {}


@pytest.mark.parametrize("given", ["coder", "coder=", "cook=1", "coder=1,coder=2", "", "coder=x"])
def test_caps_of_roles_that_say_nothing_clear_are_refused(load, given):
    [said] = problems(load, user=f'role_budgets = "{given}"')
    assert "role_budgets: want dollars" in said
    assert problems(load, user="role_budgets = {}")
    assert problems(load, user="role_budgets = 3")


def test_the_caps_are_those_of_the_settings(load):
    every = {"budget": "1", "task_budget": "2", "day_budget": "3", "project_budget": "4"}
    got = load(**every, role_budgets="coder=5", warn_at="6")
    assert got.caps == Caps(
        run=NANO, task=2 * NANO, day=3 * NANO, project=4 * NANO, roles={"coder": 5 * NANO}, warn=6
    )
    assert load().caps == Caps(run=5 * NANO)


def test_a_repository_may_ask_for_approval_and_not_take_it_away(load):
    assert load("approve = true").approve
    assert problems(load, "approve = false", user="approve = true")
    assert problems(load, "approve = false", approve=True)


def test_a_repository_may_not_redefine_the_users_models(load):
    [said] = problems(load, "[models.mine]\nwire = 'openai'\nname = 'dear'", user=LOCAL_TABLE)
    assert "in your own file already" in said
    assert load("model = 'mine'", user=LOCAL_TABLE).model == ("mine",)


def test_keys_are_never_read_shown_or_quoted_back(load):
    secret = "sk-ant-REALKEY0123456789"
    environ = {"OPENAI_API_KEY": secret, "ANTHROPIC_API_KEY": secret}
    settings = load(user=LOCAL_TABLE, environ=environ, model=["openai:x", "anthropic:y", "mine"])
    assert secret not in repr(settings)
    assert secret not in repr(resolve_routes(settings, environ))
    for field in ("key_env", "api_key", "base_url"):
        value = f"https://me:{secret}@example.com" if field == "base_url" else secret
        said = problems(load, user=f'[models.x]\nwire = "openai"\n{field} = "{value}"')
        assert len(said) == 1
        assert secret not in said[0]


# Many machines


@pytest.mark.parametrize(
    ("written", "shown", "secrets"),
    [
        ("postgres://db/partita", "postgresql://db/partita", ()),
        ("postgresql://me:p%40ss@db:1/x?a=b", "postgresql://me@db:1/x", ("p%40ss", "p@ss")),
        ("postgresql://db/x?user=me&password=s%2B1", "postgresql://db/x", ("s+1",)),
        ("postgresql:///x?host=/run/postgresql", "postgresql:///x", ()),
    ],
)
def test_a_database_is_shown_without_its_password(load, written, shown, secrets):
    settings = load(environ={"PARTITA_DATABASE": written})
    assert settings.database == "postgresql" + written[written.index(":") :]
    assert settings.database_shown == shown
    assert settings.secrets == secrets
    for text in (repr(settings), settings.database_shown):
        assert not any(secret in text for secret in secrets)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:hush@db/x",
        "postgresql://me:hush@db",
        "postgresql://me:hush@db:port/x",
        "postgresql://me:hush@[db/x",
        "postgresql://me:hush@db/x y",
        "hush",
    ],
)
def test_a_database_that_is_none_is_refused_without_its_password(load, url):
    for said in (problems(load, user=f'database = "{url}"'), problems(load, database=url)):
        assert said[0].endswith("database: want postgresql://USER@HOST:PORT/DATABASE")
    assert not any("hush" in text for text in problems(load, f'database = "{url}"'))


@pytest.mark.parametrize(
    "address",
    [
        "upstream",
        "/srv/git/shop.git",
        "git@example.com:shop.git",
        "host:path/shop.git",
        "ssh://git@example.com:2222/shop.git",
        "https://example.com/shop.git",
        "git://10.0.0.1/shop.git",
        "file:///srv/git/shop.git",
    ],
)
def test_a_remote_is_a_name_or_an_address_of_the_users_own(load, address):
    assert load(user=f'remote = "{address}"').remote == address
    if address == "upstream":
        assert load(f'remote = "{address}"').remote == address
    else:
        [said] = problems(load, f'remote = "{address}"')
        assert "a repository may not say where one is, only name it" in said


@pytest.mark.parametrize(
    "address",
    [
        "-u",
        "--upload-pack=sh",
        "ext::sh -c id",
        "x::y",
        "https://me:hush@example.com/x",
        "../x",
        "svn://x/y",
        "https://[x/y",
        "me@-x:y",
    ],
)
def test_what_git_would_take_for_something_else_is_no_remote(load, address):
    [said] = problems(load, remote=address)
    assert said == (
        "--remote: remote: want a remote's name such as origin, or its address without a password"
    )


@given(st.text(max_size=70))
def test_a_project_s_name_is_plain(text):
    try:
        name = load_settings(environ={}, flags={"project": text}).project
    except BadSettings:
        return
    assert not name or re.fullmatch(r"[a-z0-9._-]{1,60}", name)


# Routes


def names(settings, environ):
    routes = resolve_routes(settings, environ)
    return {role: [m.name for m in route] for role, route in routes.roles.items()}


def test_one_model_serves_every_role(load):
    assert names(load(model=["openai:a,openai:b"]), OPENAI) == {
        role: ["openai:a", "openai:b"] for role in ROLES
    }


def test_roles_name_others_in_order_and_the_rest_take_the_model(load):
    settings = load('model = "openai:a"\n[roles]\ncoder = ["openai:b", "openai:c"]')
    assert names(settings, OPENAI) == {
        "planner": ["openai:a"],
        "coder": ["openai:b", "openai:c"],
        "reviewer": ["openai:a"],
        "writer": ["openai:a"],
    }


def test_a_model_of_a_later_source_speaks_for_every_role(load):
    user = '[roles]\ncoder = "openai:dear"'
    settings = load(user=user, model=["openai:cheap"])
    assert set(map(tuple, names(settings, OPENAI).values())) == {("openai:cheap",)}
    assert "roles.coder" not in settings.origin


@pytest.mark.parametrize(
    ("environ", "model", "url"),
    [
        (OPENAI, "gpt-5-mini", None),
        ({"ANTHROPIC_API_KEY": "k"}, "claude-haiku-4-5", None),
        ({**OPENAI, "ANTHROPIC_API_KEY": "k"}, "gpt-5-mini", None),
        ({"OPENAI_BASE_URL": "http://localhost:11434/v1"}, "default", "http://localhost:11434/v1"),
        ({**OPENAI, "OPENAI_BASE_URL": "http://[::1]:1/v1"}, "default", "http://[::1]:1/v1"),
        ({**OPENAI, "OPENAI_BASE_URL": "https://a.b/v1"}, "gpt-5-mini", "https://a.b/v1"),
    ],
)
def test_without_a_model_the_keys_decide(load, environ, model, url):
    [table] = resolve_routes(load(), environ).models
    assert (table.model, table.base_url) == (model, url)


@pytest.mark.parametrize("environ", [{}, {"OPENAI_API_KEY": ""}, {"OPENAI_BASE_URL": "http://a/"}])
def test_without_any_key_it_says_what_was_looked_for(load, environ):
    with pytest.raises(RefusedCredentials) as caught:
        resolve_routes(load(), environ)
    said = caught.value.message + caught.value.remedy
    wanted = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "partita demo"]
    for word in wanted:
        assert word in said


def test_every_missing_key_is_named_at_once(load):
    user = "[models.far]\nwire='openai'\nbase_url='https://a.b'\nkey_env='FAR_KEY'\n" + LOCAL_TABLE
    settings = load(user=user, model="openai:a,anthropic:b,far,mine")
    with pytest.raises(RefusedCredentials) as caught:
        resolve_routes(settings, {})
    for word in ("openai:a needs OPENAI_API_KEY", "ANTHROPIC_API_KEY", "far needs FAR_KEY"):
        assert word in caught.value.message
    assert "mine" not in caught.value.message
    assert "export FAR_KEY=..." in caught.value.remedy


def test_a_providers_key_goes_only_to_the_provider_unless_a_table_names_it(load):
    environ = {**OPENAI, "OPENAI_BASE_URL": "https://proxy.example/v1"}
    user = "[models.far]\nwire='openai'\nbase_url='https://a.b/v1'\n[models.near]\nwire='openai'\n"
    tables = {t.name: t for t in resolve_routes(load(user=user, model="far,near"), environ).models}
    assert (tables["far"].base_url, tables["far"].key_env) == ("https://a.b/v1", "")
    assert tables["near"].base_url == "https://proxy.example/v1"
    assert tables["near"].key_env == "OPENAI_API_KEY"


def test_a_table_named_like_a_model_says_more_of_it(load):
    user = "[models.'openai:new']\ninput_price = 1\noutput_price = 2\n"
    [table] = resolve_routes(load(user=user, model="openai:new"), OPENAI).models
    assert (table.wire, table.model, table.key_env) == ("openai", "new", "OPENAI_API_KEY")
    assert table.price == Price(input=NANO, output=2 * NANO, source="settings")


@pytest.mark.parametrize(
    "url", ["ftp://a/", "a.b/v1", "https://me:pw@a.b/v1", "http://[::1", "x y"]
)
def test_a_base_url_in_the_environment_that_is_none_is_refused(load, url):
    with pytest.raises(BadSettings, match="OPENAI_BASE_URL") as caught:
        resolve_routes(load(model="openai:a"), {**OPENAI, "OPENAI_BASE_URL": url})
    assert "pw" not in caught.value.message


# What is written about them


EXAMPLES = (
    "model",
    "test_command",
    "role_budgets",
    "database",
    "project",
    "roles",
    "models",
    "origin",
)


def test_the_template_sets_nothing_and_shows_the_defaults(load):
    assert load(template()) == Settings()
    body = template().split("\n\n", 1)[1]
    shown = load(re.sub(r"^# ", "", body, flags=re.MULTILINE))
    for field in fields(Settings):
        if field.name not in EXAMPLES:
            assert getattr(shown, field.name) == getattr(Settings(), field.name), field.name
    written = set(re.findall(r"^# (\w+) = ", body.split("# [roles]")[0], re.MULTILINE))
    assert written == {key.name for key in KEYS.values() if not key.own}


def test_every_setting_has_a_section_with_its_variable_and_default():
    """And no section outlives its setting."""
    sections = dict(
        re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    )
    assert set(sections) == {f.name for f in fields(Settings)} - {"origin"}
    for key in KEYS.values():
        assert key.variable in sections[key.name]
        if key.name != "model":
            assert f"`{key.example}`" in sections[key.name]
    for name in FIELDS:
        assert f"\n{name} = " in sections["models"]


def test_the_examples_of_the_page_can_be_loaded(load):
    roles, models = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    settings = load(user=roles + models)
    assert set(settings.roles) == set(ROLES)
    assert set(settings.models) == {"local", "hosted", "openai:brand-new"}
