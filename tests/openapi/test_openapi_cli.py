"""The command: results on standard output, words on standard error, exit codes by the table."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coder_openapi import cli, rebuild
from coder_openapi.cli import main
from coder_openapi.lint import validate
from tests.support.api_docs import VERSION, raw_form, zoo_folder, zoo_page


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    return zoo_folder(tmp_path / "docs")


@pytest.fixture
def document(zoo: Path, tmp_path: Path) -> Path:
    path = tmp_path / "zoo.json"
    assert main(["build", str(zoo), "--no-overlay", "--out", str(path)]) == 0
    return path


def test_build_writes_the_document_and_reports_repairs(
    zoo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert main(["build", str(zoo), "--no-overlay", "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "warning: animals.md:98: the path parameter 'house' is not in the path" in printed.err
    assert json.loads(out.read_bytes())["info"]["version"] == VERSION


def test_build_to_a_dash_writes_nothing_but_the_document(
    zoo: Path, document: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["build", str(zoo), "--no-overlay", "--out", "-"]) == 0
    assert capfdbinary.readouterr().out == document.read_bytes()


def test_the_suffix_of_the_file_chooses_the_format(zoo: Path, tmp_path: Path) -> None:
    out = tmp_path / "zoo.yaml"
    assert main(["build", str(zoo), "--no-overlay", "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith("openapi: 3.1.0\n")
    assert main(["check", str(out)]) == 0


def test_dropped_descriptions_are_gone(zoo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    main(["build", str(zoo), "--no-overlay", "--out", str(out), "--descriptions", "drop"])
    text = out.read_text(encoding="utf-8")
    assert "Born is a moment" not in text
    assert "examples" not in text


def test_the_projection_to_3_0_is_valid_and_lists_its_losses(
    zoo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert main(["build", str(zoo), "--no-overlay", "--out", str(out), "--openapi", "3.0"]) == 0
    assert "warning: lost in 3.0: #/paths/~1animals/get/param" in capsys.readouterr().err
    assert validate(json.loads(out.read_bytes())) == []


def test_a_single_page_can_be_built(tmp_path: Path) -> None:
    page = tmp_path / "animals.txt"
    page.write_text(raw_form(zoo_page("animals.md")), encoding="utf-8")
    out = tmp_path / "out.json"
    arguments = ["build", str(page), "--no-overlay", "--out", str(out)]
    assert main([*arguments, "--api-version", "2031-05-06"]) == 0
    assert json.loads(out.read_bytes())["info"]["version"] == "2031-05-06"


def test_corrections_of_other_pages_are_counted_and_not_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / f"animals-{VERSION}.txt"
    page.write_text(raw_form(zoo_page("animals.md")), encoding="utf-8")
    assert main(["build", str(page), "--out", str(tmp_path / "out.json")]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "corrections" in line]
    (note,) = notes
    assert note.endswith("corrections are of parts that this source does not hold")


def test_docs_without_overlays_of_their_own_still_build(zoo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert main(["build", str(zoo), "--out", str(out)]) == 0
    assert main(["check", str(out)]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["build", "nowhere", "--out", "-"], 2, "nowhere: cannot be read"),
        (["build", "page.md", "--out", "-"], 2, "no API version: the source's name holds no date"),
        (["build", "page.md", "--out", "-", "--api-version", "v2"], 2, "'v2' is no API version"),
        (["build", "bad-2030-01-02.md", "--out", "-"], 1, "bad-2030-01-02.md:25: a parameter in"),
        (["build", "bad-2030-01-02.md"], 2, "--out"),
        (["build"], 2, "SOURCE"),
        ([], 2, "COMMAND"),
        (["check", "nowhere.json"], 2, "neither a file nor a shipped version"),
        (["show", "2025-05-19", "get-provisioner-jbos"], 2, "Did you mean 'get-provisioner-jobs'"),
        (["show", "2025-05-19", "zzzzzzzzzzz"], 2, "List all with: show."),
        (["diff", "2025-05-19", "nowhere"], 2, "neither a file nor a shipped version"),
        (["diff", "2025-05-19"], 2, "NEW"),
    ],
)
def test_a_wrong_question_and_wrong_docs_have_their_exit_codes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    page = zoo_page("animals.md")
    Path("page.md").write_text(page, encoding="utf-8")
    bad = page.replace("| `ids`    | query", "| `ids`    | quary")
    Path("bad-2030-01-02.md").write_text(bad, encoding="utf-8")
    try:
        got: object = main(arguments)
    except SystemExit as stop:
        got = stop.code
    printed = capsys.readouterr()
    assert got == code
    assert message in printed.err
    assert "Traceback" not in printed.err


def test_check_says_that_a_document_is_sound(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["check", str(document)]) == 0
    assert capsys.readouterr().out == f"{document}: no problems\n"


def test_check_lists_problems_and_exits_with_1(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = json.loads(document.read_bytes())
    del broken["components"]["schemas"]["zoo.Mood"]
    document.write_text(json.dumps(broken), encoding="utf-8")
    capsys.readouterr()
    assert main(["check", str(document)]) == 1
    printed = capsys.readouterr()
    assert "#/components/schemas/zoo.Mood leads nowhere" in printed.out
    assert "problems" in printed.err


def test_show_lists_every_operation(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(document)]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == 8
    assert "DELETE  /animals/{animal}  get-animal-delete" in listed


def test_show_describes_an_operation(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["show", str(document), "PUT /animals/{animal}/feed"]) == 0
    assert capsys.readouterr().out == (
        "PUT /animals/{animal}/feed\n"
        "  operationId: feed-animal\n"
        "  summary: Feed animal\n"
        '  source: animals.md, "Feed animal"\n'
        "  security: ZooTiket\n"
        "  parameter: animal in path, required, string(name)\n"
        "  parameter: X-Haste in header, optional, string\n"
        "  body (optional): application/json zoo.Food\n"
        "  201: application/json array of string\n"
        "  304: no body\n"
    )


def test_show_gives_json_on_request(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    main(["show", str(document), "--format", "json"])
    assert len(json.loads(capsys.readouterr().out)) == 8
    main(["show", str(document), "list-animals", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["path"] == "/animals"


def test_diff_with_itself_is_empty(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["diff", str(document), str(document)]) == 0
    assert capsys.readouterr().out == "no changes\n"


def test_diff_exits_with_1_only_for_a_breaking_change(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = json.loads(document.read_bytes())
    del changed["paths"]["/map"]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(changed), encoding="utf-8")
    capsys.readouterr()
    assert main(["diff", str(document), str(other)]) == 1
    assert capsys.readouterr().out == "breaking (1)\n  POST /map: operation removed\n"
    assert main(["diff", str(other), str(document), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "summary": {"breaking": 0, "additive": 1, "wording": 0},
        "changes": [{"kind": "additive", "place": "POST /map", "what": "operation added"}],
    }


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "coder_openapi", "versions"]
    assert subprocess.run(command, capture_output=True, check=True).stdout.startswith(b"2023-")


def test_show_describes_what_is_rare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = {
        "openapi": "3.1.0",
        "paths": {
            "/a": {
                "get": {
                    "operationId": "a",
                    "x-undocumented": "seen on a server",
                    "security": [{"One": [], "Two": []}, {}],
                    "parameters": [
                        {"$ref": "#/components/parameters/P"},
                        {"name": "q", "in": "query", "schema": {"type": ["string", "null"]}},
                        {"name": "r", "in": "query", "schema": {"type": "string", "enum": ["x"]}},
                        {"name": "s", "in": "query", "schema": True},
                    ],
                    "responses": {"401": {"$ref": "#/components/responses/R"}},
                }
            }
        },
    }
    path = tmp_path / "rare.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert main(["show", str(path), "a"]) == 0
    assert capsys.readouterr().out == (
        "GET /a\n"
        "  operationId: a\n"
        "  undocumented: seen on a server\n"
        "  security: One and Two or nobody\n"
        "  parameter: #/components/parameters/P\n"
        "  parameter: q in query, optional, string or null\n"
        "  parameter: r in query, optional, string, one of x\n"
        "  parameter: s in query, optional, true\n"
        "  401: #/components/responses/R\n"
    )


def test_versions_lists_what_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["versions"]) == 0
    assert capsys.readouterr().out.splitlines() == ["2023-06-20", "2025-05-19"]


def test_help_fits_a_screen_and_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) <= 30
    assert "examples:" in shown
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("coder-openapi ")


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (RuntimeError("boom"), 4, "internal error: RuntimeError: boom. This is our fault"),
    ],
)
def test_an_interrupt_and_a_fault_of_ours_have_their_exit_codes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    code: int,
    message: str,
) -> None:
    def fail(name: str) -> None:
        raise raised

    # The border of the program is what is tested: any part behind it may raise.
    monkeypatch.setattr(cli, "read_document", fail)
    assert main(["show", "2025-05-19"]) == code
    assert message in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_fault() -> None:
    script = "import sys; from coder_openapi.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", script, "show", "2025-05-19"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = (
        "import sys, coder_openapi; "
        "print([m for m in ('yaml', 'orjson', 'openapi_spec_validator', 'jsonschema', "
        "'argparse', 'coder_openapi.overlay', 'coder_openapi.build') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_rebuild_writes_and_then_finds_nothing_to_write(
    zoo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    specs = tmp_path / "specs"
    specs.mkdir()
    arguments = [str(zoo.parent), "--specs", str(specs)]
    assert rebuild.main([*arguments, "--check"]) == 1
    assert capsys.readouterr().out == f"{VERSION}.json: differs from what the docs give\n"
    assert rebuild.main(arguments) == 0
    assert capsys.readouterr().out == f"{VERSION}.json: written\n"
    assert rebuild.main([*arguments, "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_rebuild_without_docs_is_a_wrong_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rebuild.main([str(tmp_path)]) == 2
    assert "holds no folder that is called like 2025-05-19" in capsys.readouterr().err
