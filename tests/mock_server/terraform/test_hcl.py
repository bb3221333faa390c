"""Terraform files that parse, and what is said about those that do not."""

from __future__ import annotations

import pytest

from coder_mock_server.terraform.hcl import UNCLOSED, parse_module, parse_template
from coder_mock_server.terraform.model import HclSyntaxError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("locals {\n  a = 1\n", f"parse module: {UNCLOSED}"),
        ('resource "a" "b" {\n  x {\n}\n', f"parse module: {UNCLOSED}"),
        ("a = \n", "main.tf:1,5"),
        ("locals {\n  a = 1 b = 2\n}\n", "Missing newline: main.tf:2"),
        ("locals {\n  a = 1\n  a = 2\n}\n", "Attribute redefined: main.tf:3"),
        ("locals {\n  a = <<EOT\n${\nEOT\n}\n", "Invalid template: main.tf"),
        ("locals {\n  a = <<EOT\n%{ if true }\nEOT\n}\n", "endif"),
        ("locals {\n  a = <<EOT\n%{ for x }\nEOT\n}\n", "no complete `for`"),
        ("locals {\n  a = <<EOT\n%{ endif }\nEOT\n}\n", "closes nothing"),
        ("locals {\n  a = <<EOT\n%{ odd }\nEOT\n}\n", "unknown template directive"),
        ("locals {\n  a = <<EOT\n${ }\nEOT\n}\n", "is empty"),
        ('locals {\n  a = <<EOT\n${"x}\nEOT\n}\n', "not closed"),
        ("locals {{{\n", "main.tf:1,9"),
        ("}\n", "main.tf:1,1"),
        ("a = " + "(" * 3000, "parse module: "),
    ],
)
def test_broken_files_are_refused_with_their_place(text: str, said: str) -> None:
    with pytest.raises(HclSyntaxError) as caught:
        parse_module({"main.tf": text.encode()})
    assert caught.value.detail.startswith("parse module: ")
    assert said in caught.value.detail


def test_expressions_nested_too_deep_are_refused_not_crashed_on() -> None:
    nested = "locals {\n  a = " + "[" * 2000 + "]" * 2000 + "\n}\n"
    with pytest.raises(HclSyntaxError, match="Nesting too deep"):
        parse_module({"main.tf": nested.encode()})


def test_a_file_that_is_far_too_large_is_refused() -> None:
    with pytest.raises(HclSyntaxError, match="File too large"):
        parse_module({"main.tf": b"#" * (4 * 1024 * 1024 + 1)})


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(HclSyntaxError, match="not UTF-8"):
        parse_module({"main.tf": b"\xff\xfe"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment",
        "// other\n/* third */\n",
        'resource "a" "b" {}',
        'resource a b {}\r\nlocals {\r\n  x = 1\r\n}\r\n',
        "\ufefflocals {}\n",
        'locals {\n  a = { "x" : 1, y = 2\n    z = 3 }\n}',
        "locals {\n  a = f(\n    1,\n    2,\n  )\n}",
        'locals {\n  a = b.c["d.e"][0].f[*].g\n}',
        "locals {\n  a = <<EOT\nEOT\n}",
    ],
)  # fmt: skip
def test_well_formed_files_parse(text: str) -> None:
    parse_module({"main.tf": text.encode()})


def test_only_the_files_of_the_root_make_up_the_module() -> None:
    files = {"b.tf": b"locals {}", "a.tf": b"locals {}", "sub/c.tf": b"broken {", "d.txt": b"{"}
    assert [block.file for block in parse_module(files).blocks] == ["a.tf", "b.tf"]


def test_files_in_json_syntax_are_named_as_skipped() -> None:
    module = parse_module({"main.tf.json": b"{}"})
    assert module.has_configuration
    assert module.skipped == ("main.tf.json: JSON syntax is not evaluated",)


def test_a_template_file_is_cut_into_text_and_expressions() -> None:
    template = parse_template("a ${x.y} b $${z}\n", "t.tpl")
    assert template.parts[0] == "a "
    assert template.parts[2] == " b ${z}\n"
