"""Accepted divergences: read, applied, expired, written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from coder_contract_tests import baseline
from coder_contract_tests.baseline import Baseline, Entry
from coder_contract_tests.errors import UsageError
from coder_contract_tests.findings import Finding, Level

TODAY = date(2026, 3, 1)


def finding(
    check: str = "JOB-12",
    operation: str = "GET /a/{b}",
    at: str = "/3/worker_name",
    level: Level = "error",
    id_: str = "0123456789ab",
) -> Finding:
    return Finding(
        id_, check, operation, level, "promise", "place", "came", at, "GET /a/1", 200, "curl", "x"
    )


def held(*entries: Entry) -> Baseline:
    return Baseline(entries, TODAY)


def read(tmp_path: Path, text: str) -> Baseline:
    path = tmp_path / "baseline.toml"
    path.write_text(text)
    return baseline.read(path, today=TODAY)


GOOD = """
[[accepted]]
check = "JOB-*"
operation = "GET /a/{b}"
at = "/*/worker_name"
reason = "purged nightly"
expires = 2026-03-01
"""


def test_an_entry_accepts_its_finding_until_its_last_day(tmp_path: Path) -> None:
    findings, accepted = read(tmp_path, GOOD).split([finding()])
    assert findings == ()
    assert [one.entry.reason for one in accepted] == ["purged nightly"]


def test_from_the_day_after_it_is_a_finding_again(tmp_path: Path) -> None:
    later = Baseline(read(tmp_path, GOOD).entries, date(2026, 3, 2))
    findings, accepted = later.split([finding()])
    assert (len(findings), accepted) == (1, ())
    assert [entry.reason for entry in later.expired([finding()])] == ["purged nightly"]


@pytest.mark.parametrize(
    "other",
    [finding(check="ERR-1"), finding(operation="GET /a"), finding(at="/3/id")],
)
def test_an_entry_accepts_nothing_else(tmp_path: Path, other: Finding) -> None:
    assert read(tmp_path, GOOD).entry(other) is None


def test_an_id_says_it_all() -> None:
    by_id = held(Entry("known", TODAY, id="0123456789ab", check="OTHER"))
    assert by_id.entry(finding()) is not None
    assert by_id.entry(finding(id_="ba9876543210")) is None


def test_entries_that_nothing_fits_are_told() -> None:
    old = Entry("was fixed", TODAY, check="JOB-01")
    assert held(old).unused([finding()]) == (old,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "is no TOML"),
        ("a = 1", "expected tables [[accepted]] and nothing else"),
        ('[[accepted]]\ncheck = "A"\nexpires = 2026-01-01', "entry 1 has no reason"),
        ('[[accepted]]\ncheck = "A"\nreason = " "\nexpires = 2026-01-01', "has no reason"),
        ('[[accepted]]\ncheck = "A"\nreason = "r"', "has no day in expires"),
        ('[[accepted]]\ncheck = "A"\nreason = "r"\nexpires = "2026-01-01"', "without quotes"),
        ('[[accepted]]\nreason = "r"\nexpires = 2026-01-01', "names neither id nor check"),
        ('[[accepted]]\nchek = "A"\nreason = "r"\nexpires = 2026-01-01', "has chek; known are"),
        ('[[accepted]]\ncheck = 1\nreason = "r"\nexpires = 2026-01-01', "check that is no text"),
    ],
)
def test_a_mistake_is_told_with_its_entry(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, '[[accepted]]\ncheck = "A"\n[[accepted]]\nreason = "r"\n')
    assert "entry 1" in str(caught.value)
    assert "entry 2" in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        baseline.read(tmp_path / "no.toml")


def test_what_is_written_accepts_what_was_found(tmp_path: Path) -> None:
    odd = finding(operation='GET /a"b\\c', at="/x/0#required:n\u0007")
    updated = held().updated([odd], 'said "so"\non Monday', keeps_unused=False)
    again = read(tmp_path, updated.written())
    assert again.split([odd])[0] == ()
    assert again.entries[0].reason == 'said "so"\non Monday'
    assert again.entries[0].expires == date(2026, 3, 31)


def test_an_update_keeps_reasons_and_days_and_drops_what_is_gone() -> None:
    old = Entry("old reason", date(2026, 4, 1), check="JOB-12")
    gone = Entry("fixed", date(2026, 4, 1), check="JOB-01")
    new = finding(check="ERR-1", id_="ffffffffffff")
    updated = held(old, gone).updated([finding(), new], "new reason", keeps_unused=False)
    assert [entry.reason for entry in updated.entries] == ["old reason", "new reason"]


def test_an_update_after_part_of_a_run_drops_nothing() -> None:
    gone = Entry("elsewhere", date(2026, 4, 1), check="JOB-01")
    assert held(gone).updated([], "r", keeps_unused=True).entries == (gone,)


def test_an_update_leaves_notes_alone() -> None:
    assert held().updated([finding(level="note")], "r", keeps_unused=False).entries == ()
