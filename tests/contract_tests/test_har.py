"""Browser traffic: held against the document, replayed, and free of secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coder_contract_tests import cli
from coder_contract_tests.recordings import har
from tests.support.contract_runs import spec
from tests.support.contract_server import TOKEN, Reply, TinyCoder, serving, uuid

SECRET = "0123456789-abcdefghijklmnopqrstuv"
ORIGIN = "https://coder.example.com"


def entry(
    request: str,
    value: Any = None,
    *,
    status: int = 200,
    body: str | None = None,
    coded: bool = False,
    media_type: str = "application/json; charset=utf-8",
    origin: str = ORIGIN,
) -> dict[str, Any]:
    method, path = request.split(" ", 1)
    text = json.dumps(value)
    asked: dict[str, Any] = {
        "method": method,
        "url": f"{origin}{path}",
        "headers": [
            {"name": ":authority", "value": "coder.example.com"},
            {"name": "Cookie", "value": f"coder_session_token={SECRET}; other=1"},
            {"name": "Accept", "value": "*/*"},
        ],
    }
    if body is not None:
        asked["postData"] = {"mimeType": "application/json", "text": body}
        asked["headers"].append({"name": "Content-Type", "value": "application/json"})
    content = {"mimeType": media_type, "text": text}
    if coded:
        content |= {"text": base64.b64encode(text.encode()).decode(), "encoding": "base64"}
    return {
        "request": asked,
        "response": {
            "status": status,
            "headers": [
                {"name": "content-type", "value": media_type},
                {"name": "x-coder-build-version", "value": "v2.22.0"},
            ],
            "content": content,
        },
        "time": 12.5,
    }


def written(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "clicks.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}))
    return path


def command(*words: object) -> int:
    return cli.main([str(word) for word in words], {"CODER_SESSION_TOKEN": TOKEN})


def build(number: int, **members: Any) -> dict[str, Any]:
    return {**TinyCoder().build(number), **members}


BUILD = f"GET /api/v2/workspacebuilds/{uuid(402)}"


def checked(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, set[tuple[str, str]]]:
    code = command("har", path, "--spec", spec(), "--format", "json")
    report = json.loads(capsys.readouterr().out)
    return code, {(one["check"], one["level"]) for one in report["findings"]}


def test_good_traffic_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(
        tmp_path,
        entry("GET /index.html", media_type="text/html"),
        entry(BUILD, build(302)),
        entry(BUILD, build(302), coded=True),
    )
    code, found = checked(path, capsys)
    assert (code, {one for one in found if one[1] == "error"}) == (0, set())


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (entry(BUILD, build(302, build_number="one")), ("response_matches_schema", "error")),
        (entry(BUILD, {}, status=202), ("status_is_documented", "error")),
        (entry("GET /api/v2/workspaces?limit=ten", {}), ("request_is_documented", "error")),
        (
            entry("GET /api/v2/workspaces?limit=ten", {"message": "no"}, status=400),
            ("request_is_documented", "warning"),
        ),
        (entry("GET /api/v2/workspaces?no_such=1", {}), ("request_is_documented", "warning")),
        (entry("GET /api/v2/no/such/operation", {}), ("request_is_documented", "warning")),
    ],
)
def test_what_the_document_forbids_is_found_in_requests_and_replies(
    tmp_path: Path, one: Any, expected: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, one, entry(BUILD, build(302)))
    _, found = checked(path, capsys)
    assert expected in found


def test_rules_of_jobs_hold_in_traffic_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = build(302)
    wrong["job"] = {**wrong["job"], "error": "but it succeeded"}
    code, found = checked(written(tmp_path, entry(BUILD, wrong)), capsys)
    assert code == 1
    assert ("JOB-03", "error") in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "is no JSON"),
        ("{}", "is no HAR file"),
        ('{"log": {"entries": [{}]}}', "entry 0 is no HAR entry"),
        ('{"log": {"entries": []}}', "none of its 0 requests went to /api/v2/"),
    ],
)
def test_what_is_no_har_file_is_2(
    tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.har"
    path.write_text(text)
    assert command("har", path) == 2
    assert said in capsys.readouterr().err


def test_traffic_of_another_api_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, entry("GET /api/v2/things", {}))
    assert command("har", path, "--spec", spec()) == 2
    assert "none of its 1 API requests is an operation of" in capsys.readouterr().err


def test_no_output_shows_a_secret_of_the_traffic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaky = {"message": f"{SECRET} and hunter22-secret"}
    path = written(
        tmp_path,
        entry(
            "POST /api/v2/users/login",
            {"session_token": SECRET},
            body='{"email": "a@b.c", "password": "hunter22-secret"}',
        ),
        entry(BUILD, leaky, status=500),
    )
    files = [tmp_path / name for name in ("r.html", "r.sarif", "r.xml")]
    words = [
        w for n, f in zip(("html", "sarif", "junit"), files, strict=True) for w in (f"--{n}", f)
    ]
    command("har", path, "--spec", spec(), *words)
    for text in [capsys.readouterr().out, *(file.read_text() for file in files)]:
        assert SECRET not in text
        assert "hunter22-secret" not in text
        assert "no_server_error" in text


LISTED = [{"id": uuid(1), "name": "coder", "is_default": True}]


def clicks(folder: Path) -> Path:
    return written(
        folder,
        entry("POST /api/v2/users/login", {"session_token": SECRET}, body="{}"),
        entry("GET /api/v2/organizations", LISTED),
        entry(f"GET /api/v2/organizations/{uuid(1)}/provisionerdaemons?limit=5", []),
        entry("GET /api/v2/users/me", {"id": uuid(10), "username": "admin"}),
    )


def test_ids_of_answers_are_filled_into_later_requests(tmp_path: Path) -> None:
    steps = har.scenario(har.read(clicks(tmp_path))).steps
    assert [step.request for step in steps] == [
        "GET /organizations",
        "GET /organizations/{organization_1}/provisionerdaemons?limit=5",
        "GET /users/me",
    ]
    assert steps[0].save == {"organization_1": "0.id"}
    assert SECRET not in repr(steps)


@pytest.fixture
def url() -> Iterator[str]:
    tiny = TinyCoder()

    def alter(method: str, target: str, reply: Reply) -> Reply:
        if target.endswith("/organizations"):
            # The same organization, by another id.
            return Reply(200, [{"id": uuid(2), "name": "coder", "is_default": True}])
        return reply

    tiny.alter = alter
    with serving(tiny) as address:
        yield address


def test_traffic_is_replayed_against_another_server(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("compare", clicks(tmp_path), "--target", url) == 1
    out = capsys.readouterr().out
    assert "roles: is not expected" in out
    assert "DIFFERENT: 2 of 3" in out


def test_traffic_becomes_a_scenario_to_go_on_with(tmp_path: Path, url: str) -> None:
    path = clicks(tmp_path)
    assert command("record", path, "--target", url) == 0
    assert (tmp_path / "clicks.recorded.json").is_file()
    assert command("compare", tmp_path / "clicks.yaml", "--target", url) == 0
