"""The whole activity on trees of files, small, hostile and large."""

from hypothesis import given, settings
from hypothesis import strategies as st

from partita.core.analysis import Findings
from partita.core.codec import decode, encode
from partita.core.discovery.reading import MAX_FILE, MAX_FILES, MAX_TOTAL

PYPROJECT = """[project]
dependencies = ["fastapi"]
[project.scripts]
todo = "todo.cli:main"
"""
TODO = {
    "README.md": "# Todo\n\nA small service.\n",
    "pyproject.toml": PYPROJECT,
    "src/todo/__init__.py": "",
    "src/todo/cli.py": "from todo.store import Store\ndef main(): ...\n",
    "src/todo/store.py": '"""Keeps items in SQLite."""\nclass Store:\n    def add(self): ...\n',
    "tests/test_store.py": "import pytest\nfrom todo.store import Store\n",
    "node_modules/left-pad/index.js": "module.exports = 1\n",
    "uv.lock": "x",
    "logo.png": b"\x89PNG\0\0",
}


def test_everything_that_code_can_find_is_found(look):
    found = look(TODO, "Add a due date to the items of the store")
    assert found.files == len(TODO)
    assert found.languages == (("Python", 4), ("Markdown", 1), ("TOML", 1))
    assert found.frameworks == ("FastAPI", "pytest")
    assert found.packages == ("todo",)
    assert found.entry_points == ("todo = todo.cli:main",)
    assert found.manifests == ("pyproject.toml",)
    assert found.test_command == "python -m pytest"
    assert found.test_files == ("tests/test_store.py",)
    assert found.documents == ("README.md",)
    assert found.relevant[0].path == "src/todo/store.py"
    assert {e.path for e in found.relevant} >= {"tests/test_store.py", "src/todo/cli.py"}
    shown = {e.path for e in found.relevant} | set(found.outline)
    assert shown.isdisjoint({"node_modules/left-pad/index.js", "uv.lock"})
    assert found.left_out == len(TODO) - len(shown)


def test_findings_survive_the_journey_through_json(look):
    found = look(TODO, "Add a due date")
    assert decode(Findings, encode(found)) == found


def test_an_empty_commit_is_empty(look):
    found = look(TODO, "Build a todo service", commit="")
    assert found.empty
    assert (found.relevant, found.outline, found.left_out, found.test_command) == ((), (), 0, None)


def test_a_named_file_comes_first_even_among_dependencies(look):
    found = look(TODO, "Fix node_modules/left-pad/index.js in the store")
    assert found.relevant[0].path == "node_modules/left-pad/index.js"
    assert found.relevant[0].why == "named in the request"


def test_the_target_is_favoured(look):
    files = {f"{d}/login.py": "def login(): ...\n" for d in ("a", "b", "c")}
    assert look(files, "Change the login", target="b").relevant[0].path == "b/login.py"


def test_secrets_links_binaries_and_huge_files_are_not_opened(tree, look):
    files = {
        ".env": "LOGIN_TOKEN=x",
        "login.pem": "x",
        "login_link.py": "../../etc/passwd",
        "login_sub": "",
        "login.bin": b"\0",
        "login_huge.py": "x",
        "login_latin.py": "# caf\xe9".encode("latin-1"),
        "login_data.txt": b"a\0b",
        "login.py": "def login(): ...\n",
    }
    kinds = {"login_link.py": "link", "login_sub": "submodule"}
    commit = tree(files, kinds=kinds, sizes={"login_huge.py": MAX_FILE + 1})
    found = look(commit, "Change the login in .env and login_huge.py and login_link.py")
    assert set(commit.opened) == {"login.py", "login_latin.py", "login_data.txt"}
    assert [e.path for e in found.relevant] == ["login.py"]
    assert ".env" in found.outline


def test_a_file_that_grew_between_listing_and_reading_is_not_shown(tree, look):
    commit = tree({"login.py": "#" * (MAX_FILE + 1)}, sizes={"login.py": 10})
    assert look(commit, "login", tokens=1_000_000).relevant == ()


def test_reading_is_bounded_in_files_and_bytes(tree, look):
    many = tree({f"d{n % 50}/f{n}.py": "" for n in range(20_000)})
    assert look(many, "Change f7").files == 20_000
    assert len(many.opened) == MAX_FILES
    large = {f"f{n}.txt": "" for n in range(300)}
    commit = tree(large, sizes=dict.fromkeys(large, MAX_FILE))
    look(commit, "Change f7")
    assert len(commit.opened) == MAX_TOTAL // MAX_FILE


def test_a_path_of_absurd_depth_is_counted_and_no_more(look):
    found = look({"a/" * 2_000 + "login.py": "x", "b.py": ""}, "Change login.py")
    assert (found.relevant, found.outline, found.left_out) == ((), ("b.py",), 1)


def test_manifests_and_matching_paths_are_opened_first(tree, look):
    files = {f"a/f{n}.py": "" for n in range(3_000)}
    commit = tree({**files, "z/y/x/rate_limit.py": "", "z/pyproject.toml": ""})
    look(commit, "Add rate limiting")
    assert commit.opened[:2] == ["z/y/x/rate_limit.py", "z/pyproject.toml"] or commit.opened[
        :2
    ] == [
        "z/pyproject.toml",
        "z/y/x/rate_limit.py",
    ]


DOMAINS = "billing catalog shipping identity search messaging reporting inventory support analytics"
THINGS = "invoice refund product cart parcel courier session password index query thread"
THINGS += " attachment chart export stock supplier ticket escalation funnel event coupon address"
THINGS += " warehouse subscription currency"
LAYERS = ("model", "repository", "service", "handler", "schema", "events", "policy", "client")
VERBS = ("create", "load", "update", "remove")


def large_tree():
    """5,000 files: ten domains, each with 25 things in many layers, with code like people's."""
    files = {}
    for domain in DOMAINS.split():
        for thing in THINGS.split():
            for layer in LAYERS:
                defs = "".join(f"def {v}_{thing}({thing}_id: int): ...\n" for v in VERBS)
                files[f"services/{domain}/{thing}/{layer}.py"] = (
                    f'"""The {layer} of a {thing} in {domain}."""\n{defs}'
                )
            for n in range(12):
                files[f"services/{domain}/{thing}/fixtures/case{n}.json"] = "{}"
    return files


GOLD = {
    "services/billing/refund/policy.py": (
        '"""When money may be given back."""\ndef may_refund(invoice, days: int): ...\n',
        "Refund policy in billing: allow refunds within 30 days instead of 14",
    ),
    "services/identity/password/reset_token.py": (
        '"""One-time tokens for a forgotten password."""\nclass ResetToken: ...\n',
        "Fix password reset tokens that never expire",
    ),
    "services/search/query/spellcheck.py": (
        '"""Corrects typing errors in queries."""\ndef suggestCorrection(words): ...\n',
        "Suggest corrections for misspelled search queries",
    ),
    "services/shipping/courier/tracking.py": (
        '"""Where a parcel is now."""\nclass TrackingNumber: ...\n',
        "Show the tracking number of a courier on the parcel page",
    ),
    "libs/retry/backoff.py": (
        '"""Waiting longer after each failure."""\ndef exponential_backoff(attempt): ...\n',
        "Add jitter to the exponential backoff",
    ),
    "services/reporting/export/csv_writer.py": (
        '"""Reports as CSV."""\nclass CsvWriter:\n    def write_row(self, row): ...\n',
        "Escape semicolons in the CSV export of reports",
    ),
    "services/catalog/coupon/discount_engine.py": (
        '"""Combining discounts."""\ndef apply_discounts(cart): ...\n',
        "Discounts from two coupons are applied twice to the same cart",
    ),
    "services/messaging/attachment/virus_scan.py": (
        '"""Scanning uploads."""\nasync def scan(upload): ...\n',
        "Refuse an attachment when the virus scan times out",
    ),
    "web/src/components/CheckoutButton.tsx": (
        "export function CheckoutButton(props) {}\n",
        "Disable the checkout button while the payment is being sent",
    ),
    "services/support/escalation/business_hours.py": (
        '"""When support is staffed."""\nHOLIDAYS = ()\ndef next_open_hour(at): ...\n',
        "Escalation ignores holidays when it computes business hours",
    ),
}


def test_in_5000_files_the_right_one_is_among_the_first_ten(look):
    files = large_tree()
    assert len(files) == 5_000
    files |= {path: text for path, (text, _) in GOLD.items()}
    found = 0
    for path, (_, request) in GOLD.items():
        seen = look(files, request, tokens=6_000)
        found += path in [*(e.path for e in seen.relevant), *seen.outline][:10]
    assert found >= 8


names = st.text(alphabet="aB_/.[]é\n", min_size=1, max_size=10)
ends = st.sampled_from(["", ".py", ".ts", ".md", "/pyproject.toml", "/package.json", "/test_a.py"])
trees = st.dictionaries(
    st.builds("{}{}".format, names, ends),
    st.binary(max_size=60) | st.text(max_size=80).map(lambda s: s.encode("utf-8", "replace")),
    max_size=12,
)


@settings(deadline=None)
@given(trees, st.text(max_size=60), st.sampled_from(["", "a", "a/b.py"]), st.integers(0, 300))
def test_any_tree_and_any_request_give_bounded_and_repeatable_findings(
    tree, look, files, request_, target, tokens
):
    found = look(files, request_, target=target, tokens=tokens)
    spent = sum(len(e.path) + len(e.text) + len(e.why) for e in found.relevant)
    assert spent + sum(len(p) + 1 for p in found.outline) <= tokens * 4
    assert found.left_out == len(files) - len(found.relevant) - len(found.outline)
    assert (
        look(tree(dict(reversed(files.items()))), request_, target=target, tokens=tokens) == found
    )
