"""What a path says about its file."""

import re

TEST = re.compile(
    r"(^|/)(tests?|__tests__)/.*\.\w+$|(^|/)(test_[^/]*|[^/]*_test|[^/]*\.(test|spec))\.\w+$"
)
DOCUMENTS = ("README.md", "README.rst", "README", "PRD.md", "AGENTS.md")


def is_test(path: str) -> bool:
    """Does the file hold tests, by the usual names?"""
    return TEST.search(path) is not None and not path.endswith("__init__.py")


def is_document(path: str) -> bool:
    """Is it one of the documents at the top that are kept in step with the code?"""
    return path in DOCUMENTS
