"""Pages joined give the list: limit, offset and cursors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coder_contract_tests.document import Operation
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.judging import Asker, Invariant, Judgement
from coder_contract_tests.relations.terms import Pagination, entries, pagination, shown
from coder_contract_tests.relations.whole import Whole, askable, ids, whole

LISTS_PER_OPERATION = 2
PARTS = 4
SMALLEST_PAGE = 1


@dataclass(frozen=True, slots=True)
class Page:
    """A query, and the part of the list it stands for."""

    query: str
    start: int
    stop: int


def pages_join(asker: Asker) -> Judgement:
    problems: list[Problem] = []
    judged = False
    for operation, way in askable(asker, "x-pagination", LISTS_PER_OPERATION):
        cut = pagination(operation)
        if cut is None:
            continue
        found = _settled(asker, operation, way, cut)
        if found is None:
            continue
        judged = True
        problems += found
    return problems if judged else None


def _settled(
    asker: Asker, operation: Operation, way: Mapping[str, str], cut: Pagination
) -> list[Problem] | None:
    """Problems with the pages of a list that stayed the same meanwhile; None if it never does."""
    for _ in range(2):
        before = whole(asker, operation, way)
        if before is None:
            return None
        problems = _compared(asker, operation, way, cut, before)
        after = whole(asker, operation, way) if problems else before
        if after is not None and after.ids == before.ids:
            return problems
    return None


def _compared(
    asker: Asker, operation: Operation, way: Mapping[str, str], cut: Pagination, full: Whole
) -> list[Problem]:
    problems = []
    for page in _pages(cut, full):
        reply = asker.send(operation, way, page.query)
        items = entries(reply, cut.items)
        if reply is None:
            break
        if items is None:
            came = f"{reply.status} for a page that lies in a list of {full.total}"
            problems.append(Problem(reply, came, at=f"query:{page.query.split('=')[0]}"))
            continue
        expected, got = full.ids[page.start : page.stop], ids(items, cut.id)
        if got != expected:
            came = _difference(page, expected, got)
            problems.append(Problem(reply, came, at=f"query:{page.query.split('=')[0]}"))
    return problems


def _pages(cut: Pagination, full: Whole) -> list[Page]:
    number = len(full.items)
    half = max(1, (number + 1) // 2)
    pages = [Page(f"{cut.limit}={size}", 0, size) for size in dict.fromkeys((1, half, number + 7))]
    if full.complete and number < (cut.default or number + 1):
        pages.append(Page(f"{cut.limit}=0", 0, number))
        pages.append(Page(f"{cut.limit}=", 0, number))
    if cut.offset:
        size = max(SMALLEST_PAGE, -(-number // PARTS))
        pages += [
            Page(f"{cut.limit}={size}&{cut.offset}={start}", start, start + size)
            for start in range(0, number, size)
        ]
        if full.complete:
            if number > 1 and not cut.default:
                pages.append(Page(f"{cut.offset}=1", 1, number))
            if not cut.past_end_fails:
                pages.append(Page(f"{cut.limit}=5&{cut.offset}={number}", number, number))
    if cut.after and number > 1 and full.complete:
        middle = number // 2
        start, stop = (0, middle) if cut.after_gives == "before" else (middle + 1, number)
        pages.append(Page(f"{cut.after}={full.ids[middle]}", start, stop))
    return [page for page in pages if full.complete or page.stop <= number]


def _difference(page: Page, expected: list[str], got: list[str]) -> str:
    if len(got) != len(expected):
        return f"{len(got)} entries for {page.query}, where the list has {len(expected)}"
    index = next(i for i, (a, b) in enumerate(zip(expected, got, strict=True)) if a != b)
    return (
        f"entry {index} for {page.query} is {shown(got[index])}, where the list has "
        f"{shown(expected[index])}"
    )


PAGES_RULE = Rule(
    id="pages_join_to_the_list",
    kind="check",
    level="error",
    promise="pages hold what the whole list holds at their place, and nothing is cut or repeated",
    oracle="the document's x-pagination",
    applies="lists with limit, offset or a cursor; a list that changes meanwhile is read again",
)
PAGES: tuple[Invariant, ...] = (Invariant(PAGES_RULE, ask=pages_join),)
