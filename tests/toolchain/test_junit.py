"""Reports are read as they are meant and never as a way in."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partita.adapters.toolchain import junit

CASE = (
    b"<testsuites><testsuite><testcase classname='tests.test_a.T' name='test_x' "
    b"file='tests/test_a.py'><failure message='no'>why</failure><system-out>noise</system-out>"
    b"</testcase></testsuite></testsuites>"
)


def test_a_case_has_the_name_pytest_would_give_it():
    (case,) = junit.cases(CASE) or ()
    assert case.name == "tests/test_a.py::T::test_x"
    assert (case.outcome, case.message, case.detail) == ("failed", "no", "why")


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ("classname='' name='tests.test_a'", "tests.test_a"),
        ("classname='tests.test_a' name='f' file='tests/test_a.py'", "tests/test_a.py::f"),
        ("classname='test_a.T' name='f' file='tests/test_a.py'", "tests/test_a.py::T::f"),
        ("classname='test_a' name='f' file='tests/test_a.py'", "tests/test_a.py::f"),
        ("name='f' file='tests/test_a.py'", "tests/test_a.py::f"),
        ("classname='a.b.C' name='f'", "a.b.C.f"),
    ],
)
def test_names_do_not_depend_on_how_the_module_was_imported(attributes, name):
    (case,) = junit.cases(f"<testsuite><testcase {attributes}/></testsuite>".encode()) or ()
    assert case.name == name


def test_a_case_that_failed_and_broke_is_broken():
    (case,) = (
        junit.cases(
            b"<testsuite><testcase name='a'><failure message='1'/><error message='2'/>"
            b"<skipped message='3'/></testcase></testsuite>"
        )
        or ()
    )
    assert (case.outcome, case.message) == ("error", "2")


LAUGHS = (
    "<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY {chr(98 + i)} '{f'&{chr(97 + i)};' * 10}'>" for i in range(12))
    + "]><testsuite><testcase name='&m;'/></testsuite>"
)


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"no xml",
        b"<html/>",
        b"<testsuite>",
        b"\xff\xfe<\x00",
        LAUGHS.encode(),
        LAUGHS.encode("utf-16"),
        b"<!DoCtYpE x SYSTEM 'file:///etc/passwd'><testsuite/>",
        b"<!DOCTYPE t [<!ENTITY a 'x'>]><testsuite><testcase name='&a;'/></testsuite>",
        b"<testsuite>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</testsuite>",
        b"<testsuite>" + b"<testcase name='a'/>" * 100_000 + b"</testsuite>",
        b"<testsuite>" + b" " * (50 * 2**20) + b"</testsuite>",
        b"<testsuite><testcase name='&undefined;'/></testsuite>",
    ],
    ids=range(13),
)
def test_hostile_reports_are_refused_quickly(report):
    began = time.process_time()
    assert junit.cases(report) is None
    assert time.process_time() - began < 5


def test_what_is_kept_of_a_case_is_bounded():
    long = b"x" * 1_000_000
    report = b"<testsuite><testcase name='%b'><error message='%b'>%b</error></testcase>"
    (case,) = junit.cases(report % (long, long, long) + b"</testsuite>") or ()
    assert len(case.name) + len(case.message) + len(case.detail) < 110_000


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(junk):
    junit.cases(junk)
    junit.cases(b"<testsuite><testcase name='a'>" + junk + b"</testcase></testsuite>")
