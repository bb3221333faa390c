"""The page: everything is in it, nothing is loaded, nothing of a server runs in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from coder_contract_tests.events import ExchangeSeen
from coder_contract_tests.findings import Problem, Rule
from coder_contract_tests.reports import html
from coder_contract_tests.reports.html import marked
from tests.support.contract_reports import RULE, accepted, exchange, found, problem, report, tell


def page(*problems: Problem, rule: Rule = RULE) -> str:
    collected = html.Collected()
    tell(collected, *problems, rule=rule)
    return html.render(report(*found(*problems, rule=rule)), collected)


class Tags(HTMLParser):
    """Counts what is opened and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "input", "line", "circle"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"line", "circle"}:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_page_is_well_formed_and_names_cause_operation_and_command() -> None:
    text = page(problem(exchange([{"name": "x"}])))
    tags = Tags()
    tags.feed(text)
    assert tags.wrong == []
    assert tags.open == []
    for words in ("Failed", "JOB-01", "GET /workspaces", "curl -sS", "tiny.json"):
        assert words in text


def test_nothing_is_loaded_from_anywhere() -> None:
    text = page(problem(exchange([{"name": "x"}])))
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)=[\"'](?!#)", text)
    assert "@import" not in text
    assert "url(" not in text


def test_what_a_server_sends_is_text_and_never_markup() -> None:
    nasty = '<script>alert(1)</script><img src=x onerror="alert(1)">'
    shown = exchange(
        [{"name": nasty, nasty: 1}], headers={"X-Odd": nasty, "Content-Type": "application/json"}
    )
    text = page(problem(shown, nasty, f"/0/{nasty}"))
    assert "<script>alert" not in text
    assert "<img" not in text


def test_the_offending_member_is_marked() -> None:
    text = marked.reply(exchange([{"id": 1}, {"id": 2, "name": "x"}]), "/1/name")
    assert re.findall(r"<mark>(.*?)</mark>", text) == ["&quot;name&quot;: &quot;x&quot;"]


def test_a_missing_member_marks_the_object_that_lacks_it() -> None:
    text = marked.reply(exchange({"job": {"id": 1}}), "/job/worker_name")
    marks = re.findall(r"<mark>(.*?)</mark>", text)
    assert marks[0] == "&quot;job&quot;: {  (no worker_name)"
    assert marks[-1] == "}"


def test_headers_statuses_and_queries_are_marked() -> None:
    shown = exchange({"message": "no"}, status=500, query="limit=x")
    assert "<mark>HTTP 500</mark>" in marked.reply(shown, "status:500")
    assert "<mark>Content-Type: application/json</mark>" in marked.reply(
        shown, "header:content-type"
    )
    assert "<mark>(no header allow)</mark>" in marked.reply(shown, "header:Allow")
    assert "<mark>limit=x</mark>" in marked.request(shown, "query:limit")


def test_a_long_list_shows_the_marked_item_and_counts_the_rest() -> None:
    text = marked.reply(exchange([{"id": number} for number in range(50)]), "/30/id")
    assert "<mark>&quot;id&quot;: 30</mark>" in text
    assert "… 45 more items" in text


def test_a_huge_reply_is_cut_around_the_mark() -> None:
    value = {f"k{number:04}": number for number in range(3000)}
    text = marked.reply(exchange(value), "/k2000")
    assert "<mark>&quot;k2000&quot;: 2000</mark>" in text
    assert "lines before" in text
    assert len(text.splitlines()) < marked.LINES + 20


def test_a_reply_that_never_came_is_said_so() -> None:
    assert "no reply: closed" in marked.reply(exchange(status=0, cut="closed"), "")


def test_the_matrix_tells_seen_unseen_and_undocumented_statuses() -> None:
    collected = html.Collected()
    tell(collected, problem(exchange()), problem(exchange(status=418), "odd", "/1"))
    text = html.render(report(), collected)
    assert re.search(r'<td class="hit" title="documented">1</td>', text)
    assert re.search(r'<td class="odd" title="not documented">1</td>', text)
    assert "GET /templates <i>not sent</i>" in text


def test_accepted_divergences_have_reason_and_day() -> None:
    (finding,) = found(problem(exchange()))
    collected = html.Collected()
    text = html.render(report(accepted=(accepted(finding),)), collected)
    assert "until the | upgrade" in text
    assert "until 2027-01-31" in text


def test_the_plot_of_a_long_run_shows_a_part_of_it() -> None:
    collected = html.Collected()
    shown = problem(exchange())
    for _ in range(4):
        tell(collected, *[shown])
    for _ in range(9000):
        collected(ExchangeSeen(shown.exchange))
    assert collected.is_sampled
    assert len(collected.points) < 8000
    assert collected.operations["GET /workspaces"].statuses[200] == 9004
