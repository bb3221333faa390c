"""The command: exit codes, outputs, help, and what never shows in any of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from coder_contract_tests import cli
from coder_contract_tests.catalogue import every_rule
from coder_contract_tests.stated import STATED
from tests.support.contract_faults import change
from tests.support.contract_manners import dressed, error
from tests.support.contract_runs import spec
from tests.support.contract_server import EMAIL, PASSWORD, TOKEN, Reply, TinyCoder, serving
from tests.support.contract_sockets import http, scripted, unused_port

Cli = Callable[..., int]


@pytest.fixture(autouse=True)
def _no_waiting_between_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coder_contract_tests.invariants.job_relations.POLL_SECONDS", 0)


@pytest.fixture
def tiny() -> TinyCoder:
    return TinyCoder()


@pytest.fixture
def url(tiny: TinyCoder) -> Iterator[str]:
    with serving(tiny) as address:
        yield address


def command(*words: str, **environ: str) -> int:
    return cli.main([*words], environ)


def examine(url: str, *words: str, **environ: str) -> int:
    environ.setdefault("CODER_SESSION_TOKEN", TOKEN)
    return command("run", url, "--spec", spec(), "--max-examples", "0", *words, **environ)


def with_a_bug(tiny: TinyCoder) -> None:
    change(307, worker_name="host-0")(tiny)


def test_nothing_wrong_is_0(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(url) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("PASSED: 0 errors, 0 warnings, 0 notes")


def test_an_error_is_1_and_is_named(
    tiny: TinyCoder, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with_a_bug(tiny)
    assert examine(url) == 1
    text = capsys.readouterr().out
    assert "ERROR JOB-01  GET /organizations/{organization}/provisionerjobs" in text
    assert 'curl -sS -i -H "Coder-Session-Token: $CODER_SESSION_TOKEN"' in text
    assert text.strip().splitlines()[-1].startswith("FAILED")


def test_a_warning_alone_is_0(tiny: TinyCoder, url: str) -> None:
    change(302, worker_id="6b3a1f60-3c0e-4a4f-9d5c-000000000049", worker_name=None)(tiny)
    assert examine(url) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "required: COMMAND"),
        (("run",), "no server is named"),
        (("run", "localhost"), "is no address of a server"),
        (("run", "ftp://x"), "is no address of a server"),
        (("run", "http://a:b@x"), "holds a user name or a password"),
        (("run", "http://x", "--seed", "one"), "invalid int value"),
        (("run", "http://x", "--max-examples", "-1"), "0 (no generated cases) or more"),
        (("run", "http://x", "--timeout-seconds", "0"), "more than 0 seconds"),
        (("run", "http://x", "--username", "a"), "--username needs --password"),
        (("run", "http://x", "--junit", "/no/such/folder/x.xml"), "there is no folder"),
        (("run", "http://x", "--no-such"), "unrecognized arguments"),
        (("checks", "explain"), "explain needs an id"),
        (("checks", "explain", "JOB-1"), 'is called "JOB-1". Did you mean "JOB-'),
        (("checks", "list", "JOB-01"), "Did you mean: checks explain JOB-01"),
    ],
)
def test_wrong_usage_is_2_and_says_what(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*words) == 2
    output = capsys.readouterr()
    assert said in output.err
    assert output.out == ""
    assert "Traceback" not in output.err


def test_no_credentials_is_2(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(url, CODER_SESSION_TOKEN="") == 2
    assert "no credentials" in capsys.readouterr().err


def test_a_selection_that_leaves_nothing_is_2(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(url, "--include", "GET /nowhere*") == 2
    assert "no operation of tiny.json is left by --include 'GET /nowhere*'" in (
        capsys.readouterr().err
    )


def test_an_unknown_document_is_2(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("run", url, "--token", TOKEN, "--spec", "1999-01-01") == 2
    assert "neither a file nor a shipped version" in capsys.readouterr().err


def test_a_document_of_another_kind_is_2(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.yaml"
    old.write_text("swagger: '2.0'\n")
    assert command("run", url, "--token", TOKEN, "--spec", str(old)) == 2
    assert "an OpenAPI 3.1 document is needed, this one says '2.0'" in capsys.readouterr().err


def _one_line_and_3(code: int, capsys: pytest.CaptureFixture[str]) -> str:
    output = capsys.readouterr()
    assert code == 3
    assert len(output.err.strip().splitlines()) == 1
    assert output.out == ""
    return output.err


def test_an_unreachable_target_is_3(capsys: pytest.CaptureFixture[str]) -> None:
    with unused_port() as port:
        code = examine(f"http://127.0.0.1:{port}")
    assert "connection refused" in _one_line_and_3(code, capsys)


def test_a_wrong_token_is_3(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = examine(url, "--token", "0123456789-0123456789012345678901")
    assert "does not accept the token: API key is invalid." in _one_line_and_3(code, capsys)


def test_a_wrong_password_is_3(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = examine(url, "--username", EMAIL, "--password", "wrong-password")
    assert "refuses to sign in" in _one_line_and_3(code, capsys)


def test_html_instead_of_json_is_3(capsys: pytest.CaptureFixture[str]) -> None:
    page = http(b"<html></html>", headers="Content-Type: text/html\r\n")
    with scripted(page) as address:
        code = examine(address)
    assert "with HTML instead of JSON" in _one_line_and_3(code, capsys)


def test_a_redirect_elsewhere_is_3(capsys: pytest.CaptureFixture[str]) -> None:
    reply = http(b"", status="302 Found", headers="Location: https://sso.example/\r\n")
    with scripted(reply) as address:
        code = examine(address)
    assert "redirects to https://sso.example/" in _one_line_and_3(code, capsys)


def test_tls_trouble_is_3(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = examine(url.replace("http:", "https:"))
    assert "TLS failed" in _one_line_and_3(code, capsys)


def test_an_endless_body_is_3(capsys: pytest.CaptureFixture[str]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    with scripted(head + b'["', keep_open=True) as address:
        code = examine(address, "--timeout-seconds", "0.2")
    assert "no end within 0.2 s" in _one_line_and_3(code, capsys)


def test_a_target_that_dies_in_the_middle_is_3_and_what_was_found_is_reported(
    tiny: TinyCoder, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with_a_bug(tiny)

    def dying(method: str, target: str, reply: Reply) -> Reply:
        if len(tiny.seen) > 30:
            raise ConnectionAbortedError
        return reply

    tiny.alter = dying
    assert examine(url, "--format", "json") == 3
    output = capsys.readouterr()
    report = json.loads(output.out)
    assert report["complete"] is False
    assert "JOB-01" in {finding["check"] for finding in report["findings"]}
    assert "closed without an HTTP reply" in report["summary"]["lost"]


def test_an_interrupt_is_130_and_what_was_found_is_reported(
    tiny: TinyCoder, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_bug(tiny)

    def interrupt(*args: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("coder_contract_tests.runner.ask_documented_reads", interrupt)
    assert examine(url, "--format", "json") == 130
    report = json.loads(capsys.readouterr().out)
    assert report["complete"] is False
    assert report["summary"]["interrupted"] is True
    assert "JOB-01" in {finding["check"] for finding in report["findings"]}


def test_without_the_package_that_generates_requests_nothing_is_sent(
    tiny: TinyCoder, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coder_contract_tests.runner.find_spec", lambda name: None)
    assert command("run", url, "--token", TOKEN, "--max-examples", "1") == 2
    assert "pip install 'coder-mock[contract]'" in capsys.readouterr().err


def test_a_fault_of_ours_is_4(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr("coder_contract_tests.runner.discover", broken)
    assert examine(url) == 4
    assert "please report it" in capsys.readouterr().err


def test_json_is_exactly_one_object_with_the_stable_members(
    tiny: TinyCoder, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with_a_bug(tiny)
    assert examine(url, "--format", "json", "--seed", "7") == 1
    output = capsys.readouterr()
    report = json.loads(output.out)
    assert list(report) == ["target", "seed", "complete", "findings", "summary"]
    assert (report["target"], report["seed"], report["complete"]) == (url, 7, True)
    assert {"check", "operation", "level", "promise", "place", "came", "curl", "id"} <= (
        report["findings"][0].keys()
    )
    assert report["summary"]["errors"] == len(report["findings"])
    assert output.err == ""


def test_json_is_one_object_also_when_the_target_cannot_be_looked_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with unused_port() as port:
        assert examine(f"http://127.0.0.1:{port}", "--format", "json") == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["complete"], report["findings"]) == (False, [])


def test_junit_has_a_failure_for_an_error_and_a_case_for_what_was_kept(
    tiny: TinyCoder, url: str, tmp_path: Path
) -> None:
    with_a_bug(tiny)
    file = tmp_path / "report.xml"
    assert examine(url, "--junit", str(file)) == 1
    root = ElementTree.parse(file).getroot()
    label = "GET /organizations/{organization}/provisionerjobs"
    cases = {case.get("name"): case for case in root.iterfind(f"*[@name='{label}']/testcase")}
    assert cases["JOB-01"].find("failure") is not None
    assert cases["JOB-02"].find("failure") is None
    assert root.get("failures") == str(len(root.findall(".//failure")))


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_report_shows_a_secret(
    tiny: TinyCoder, url: str, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def leaky(method: str, target: str, reply: Reply) -> Reply:
        if target.endswith("/templates"):
            return Reply(500, {"message": f"token {TOKEN} of {PASSWORD}"})
        return reply

    tiny.alter = leaky
    file = tmp_path / "report.xml"
    words = ("--username", EMAIL, "--password", PASSWORD, "--format", form, "--junit", str(file))
    assert examine(url, *words) == 1
    output = capsys.readouterr()
    for text in (output.out, output.err, file.read_text()):
        assert TOKEN not in text
        assert PASSWORD not in text
    assert "token *** of ***" in output.out


def test_nothing_but_reads_and_the_sign_in_leaves(tiny: TinyCoder, url: str) -> None:
    assert examine(url, "--username", EMAIL, "--password", PASSWORD, "--max-examples", "2") == 0
    safe = {"GET", "HEAD", "OPTIONS"}
    writes = {(method, path) for method, path in tiny.seen if method not in safe}
    assert writes == {("POST", "/api/v2/users/login")}


def test_the_same_seed_sends_the_same_requests(tiny: TinyCoder, url: str, tmp_path: Path) -> None:
    def sent(seed: str) -> tuple[list[str], list[tuple[str, str]]]:
        """In the order they left, and what came, where those under way together may overtake."""
        lines = tmp_path / "run.ndjson"
        tiny.seen.clear()
        assert examine(url, "--max-examples", "4", "--seed", seed, "--ndjson", str(lines)) == 0
        events = [json.loads(line) for line in lines.read_text().splitlines()]
        told = {one["number"]: one["request"] for one in events if "request" in one}
        return [told[number] for number in sorted(told)], sorted(tiny.seen)

    first = sent("3")
    assert len(first[0]) > 100
    assert sent("3") == first
    assert sent("4") != first


def test_patterns_choose_what_is_reported(tiny: TinyCoder, url: str) -> None:
    with_a_bug(tiny)
    assert examine(url, "--include", "GET /workspaces*") == 0
    assert examine(url, "--exclude", "GET /organizations/*") == 0


def test_checks_lists_every_rule_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("checks") == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == [rule.id for rule in every_rule()]


def test_explain_says_what_a_rule_promises_and_rests_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command("checks", "explain", "job-01") == 0
    text = capsys.readouterr().out
    assert text.startswith("JOB-01 (invariant, error)")
    assert "a pending job has no started_at" in text
    assert "rests on" in text


def test_a_rule_that_a_general_check_judges_says_which_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = {rule.id for rule in every_rule()}
    for one in STATED:
        judge = one.explanation.split("`")[1]
        assert judge in known
        assert command("checks", "explain", one.id) == 0
        assert f"Judged by the general check `{judge}`" in capsys.readouterr().out


def test_help_fits_a_screen_with_defaults_and_two_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command("run", "--help") == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()) <= 50
    assert "(default: 1)" in text
    assert text.count("\n  coder-contract run") + text.count("... coder-contract run") == 2


def test_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--version") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_checks_can_be_read_by_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("checks", "--format", "json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in listed] == [rule.id for rule in every_rule()]
    assert command("checks", "explain", "JOB-12", "--format", "json") == 0
    assert "purged" in json.loads(capsys.readouterr().out)["explanation"]


def test_on_a_terminal_phases_and_errors_are_told_as_they_come(
    tiny: TinyCoder, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_bug(tiny)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert examine(url) == 1
    told = capsys.readouterr().err
    assert re.search(r"\[1/\d+\] discovery", told)
    assert "error: JOB-01 GET /organizations/{organization}/provisionerjobs" in told


def test_the_environment_gives_token_and_password(url: str) -> None:
    assert examine(url, CODER_SESSION_TOKEN="", CODER_CONTRACT_TOKEN=TOKEN) == 0
    assert examine(url, "--username", EMAIL, CODER_CONTRACT_PASSWORD=PASSWORD) == 0


def test_token_and_user_name_together_are_2(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(url, "--token", TOKEN, "--username", EMAIL, "--password", PASSWORD) == 2
    assert "not both" in capsys.readouterr().err


def test_the_console_says_what_was_not_examined(
    tiny: TinyCoder, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking(method: str, target: str, reply: Reply) -> Reply:
        gone = "/templateversions/" in target
        return dressed(error(404, "Route not found.")) if gone else reply

    tiny.alter = lacking
    tiny.jobs = [job for job in tiny.jobs if job["status"] != "canceling"]
    assert examine(url) == 0
    text = capsys.readouterr().out
    assert "absent on the target (3): GET /templateversions/{templateversion}, " in text
    assert re.search(r"not examined \(\d+\): ", text)
