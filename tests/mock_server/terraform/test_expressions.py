"""Expressions have the values that Terraform gives them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from coder_mock_server.terraform.facts import Inputs
from coder_mock_server.terraform.hcl import parse_module
from coder_mock_server.terraform.scope import Notes, Scope
from coder_mock_server.terraform.values import UNKNOWN, EvaluationError, Unknown
from tests.mock_server.terraform.templates import OWNER, WORKSPACE, value_of


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("7 / 2", 3.5),
        ("8 / 2", 4),
        ("-7 % 3", -1),
        ("-(3)", -3),
        ("!true", False),
        ("1 == 1.0", True),
        ('1 == "1"', False),
        ("true != false", True),
        ("2 >= 2 && 1 < 0 || true", True),
        ('true ? "yes" : "no"', "yes"),
        ('false\n  ? "yes"\n  : "no"', "no"),
        ("null", None),
        ('"plain"', "plain"),
        ('"a\\tb \\"c\\" \\u00e9"', 'a\tb "c" é'),
        ('"${1 + 1}"', 2),
        ('"n=${1 + 1}"', "n=2"),
        ('"$${kept} %%{kept}"', "${kept} %{kept}"),
        ('"%{ if true }x%{ else }y%{ endif }"', "x"),
        ('"%{ for n in [1, 2] }<${n}>%{ endfor }"', "<1><2>"),
        ('"${"${"deep"}er"}"', "deeper"),
        ("[1, 2, 3][1]", 2),
        ('{ a = 1, "b" = 2, (upper("c")) = 3 }', {"a": 1, "b": 2, "C": 3}),
        ('{ a = { b = ["c"] } }.a.b[0]', "c"),
        ("[for n in [1, 2, 3] : n * 2 if n != 2]", [2, 6]),
        ('{ for k, v in { a = 1 } : upper(k) => v }', {"A": 1}),
        ('{ for v in ["a", "b", "a"] : v => v... }', {"a": ["a", "a"], "b": ["b"]}),
        ("[{ id = 1 }, { id = 2 }][*].id", [1, 2]),
        ("[{ id = 1 }].*.id", [1]),
        ("<<EOT\n  a ${1}\n\"b\"\nEOT", '  a 1\n"b"\n'),
        ("<<-EOT\n    a\n      b\n  EOT", "a\n  b\n"),
        ('<<EOT\n${join("-", ["a}", "b\\"", "${"c"}"])} ${{ k = 1 }.k}\nEOT', 'a}-b"-c 1\n'),
        ('<<EOT\n%{ for k, v in { a = 1 } ~}\n${k}${v}\n%{ endfor ~}\nEOT', "a1\n"),
        ('"%{ if \\"a\\" == \\"a\\" }same%{ endif }"', "same"),
        ('{ a = 1 }["a"]', 1),
        ("[for n in null[*] : n]", []),
        ('null == null ? "n" : "x"', "n"),
        ("{ true = 1 }", {"true": 1}),
        ("[for k, v in toset([\"a\"]) : \"${k}${v}\"]", ["aa"]),
        ("1.0 == 1 && 1 != 2 && [1] == [1] && { a = 1 } == { a = 1 }", True),
        ("5 > 3 && 3 < 5 && 3 <= 3", True),
        ("<<-EOT\n  %{~ if true ~}\n  x\n  %{~ endif ~}\n  EOT", "x"),
    ],
)  # fmt: skip
def test_syntax_means_what_terraform_means(expression: str, value: Any) -> None:
    assert value_of(expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('lower("AbC")', "abc"),
        ('title("hello world")', "Hello World"),
        ('format("%s-%03d %t %q %%", "a", 7, true, "x")', 'a-007 true "x" %'),
        ('formatlist("%s!", ["a", "b"])', ["a!", "b!"]),
        ('join(",", ["a", "b"])', "a,b"),
        ('split("/", "a/b")', ["a", "b"]),
        ('replace("a-b", "-", "_")', "a_b"),
        ('replace("a1b2", "/[0-9]/", "#")', "a#b#"),
        ('regex("^(\\\\w+)-(\\\\d+)$", "ab-12")', ["ab", "12"]),
        ('length("abc") + length([1]) + length({})', 4),
        ('jsonencode({ b = [1, true, null], a = "<" })', '{"a":"\\u003c","b":[1,true,null]}'),
        ('jsondecode("{\\"a\\":[1]}").a[0]', 1),
        ("concat([1], [2, 3])", [1, 2, 3]),
        ('lookup({ a = 1 }, "b", 9)', 9),
        ('coalesce("", null, "c")', "c"),
        ('try(local.nothing_here, "fallback")', "fallback"),
        ('can(tonumber("x"))', False),
        ('toset(["b", "a", "b"])', ["a", "b"]),
        ("element([1, 2, 3], 4)", 2),
        ('contains(["a"], "a")', True),
        ('merge({ a = 1 }, { a = 2, b = 3 })', {"a": 2, "b": 3}),
        ('base64decode(base64encode("ü"))', "ü"),
        ('trimspace("  x ")', "x"),
        ('substr("hello", 1, 3)', "ell"),
        ('zipmap(["a"], [1])', {"a": 1}),
        ("flatten([[1], [[2]]])", [1, 2]),
        ("range(3)", [0, 1, 2]),
        ("sum([1, 2.5])", 3.5),
        ('max([1, 5]...)', 5),
        ('sort(["b", "a"])', ["a", "b"]),
        ('keys({ b = 1, a = 2 })', ["a", "b"]),
        ("pow(1024, 3) * 20", 21474836480),
        ('tobool("true")', True),
        ("tostring(1.50)", "1.5"),
        ('md5("a")', "0cc175b9c0f1b6a831c399e269772661"),
        ('yamldecode("a: [1]").a', [1]),
        ('format("%5.2f|%x|%s|%v", 3.14159, 255, [1], null)', " 3.14|ff|[1]|null"),
        ("abs(-3) + ceil(1.2) + floor(1.8) + signum(-9)", 5),
        ('index(["a", "b"], "b")', 1),
        ('compact(["a", "", null])', ["a"]),
        ("distinct([1, 2, 1])", [1, 2]),
        ("range(1, 4)", [1, 2, 3]),
        ("range(4, 1, -2)", [4, 2]),
        ("range(0)", []),
        ("slice([1, 2, 3], 1, 3)", [2, 3]),
        ("chunklist([1, 2, 3], 2)", [[1, 2], [3]]),
        ("chunklist([1, 2], 0)", [[1, 2]]),
        ('substr("hello", -3, -1)', "llo"),
        ("values({ b = 1, a = 2 })", [2, 1]),
        ("tolist(toset([2, 1]))", [1, 2]),
        ('tomap({ a = 1 })["a"]', 1),
        ("tostring(null)", None),
        ("coalescelist([], [1])", [1]),
        ("one([])", None),
        ("log(8, 2)", 3),
        ('parseint("ff", 16)', 255),
        ('trim("?x?", "?")', "x"),
        ('indent(2, "a\\nb")', "a\n  b"),
        ('setproduct(["a"], [1, 2])', [["a", 1], ["a", 2]]),
        ('setunion(["a"], ["b"])', ["a", "b"]),
        ('setintersection(["a", "b"], ["b"])', ["b"]),
        ('setsubtract(["a", "b"], ["b"])', ["a"]),
        ('transpose({ a = ["x"] })', {"x": ["a"]}),
        ('base64sha256("a")', "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="),
        ('sha256("")', "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ('uuidv5("dns", "example.com")', "cfbff0d1-9375-5685-968c-48ce8b15ae17"),
        ('basename("/a/b.c")', "b.c"),
        ('dirname("/a/b.c")', "/a"),
        ('pathexpand("~/x")', "/home/coder/x"),
        ('urlencode("a b/c")', "a+b%2Fc"),
        ('matchkeys([1, 2], ["a", "b"], ["b"])', [2]),
        ('regexall("[a-z]", "1a2b")', ["a", "b"]),
        ('regex("(?P<first>[a-z])", "1a")', {"first": "a"}),
        ('yamlencode({ a = 1 })', '"a": 1\n'),
        ('startswith("ab", "a") && endswith("ab", "b") && strcontains("ab", "ab")', True),
        ('trimprefix("ab", "a") == "b" && trimsuffix("ab", "b") == "a"', True),
        ('alltrue([true]) && anytrue([false, true])', True),
        ('reverse(["a", "b"])', ["b", "a"]),
        ('strrev("ab")', "ba"),
        ('chomp("a\\n")', "a"),
        ("sensitive(1) + nonsensitive(1)", 2),
        ('issensitive("x")', False),
        ('abspath("x")', "/home/coder/x"),
        ('templatestring("<$${n}>", { n = 1 })', "<1>"),
        ("min(3, 1, 2)", 1),
        ('split("", "ab")', ["a", "b"]),
    ],
)  # fmt: skip
def test_functions_give_what_terraforms_give(expression: str, value: Any) -> None:
    assert value_of(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "local.missing",
        "var.missing",
        "[1][3]",
        "{ a = 1 }.b",
        '"a" + 1',
        "1 / 0",
        'tonumber("x")',
        '"x${[1]}"',
        "timestamp()",
        "range(1000000)",
        'templatefile("absent.tpl", {})',
        "local.asked_for",
        "one([1, 2])",
        "coalesce(null)",
        "coalescelist([])",
        'index([], "a")',
        'lookup({}, "a")',
        'regex("x", "a")',
        "pow(10, 5000)",
        "setproduct(range(1000), range(1000))",
        "length(1)",
        'upper(["a"])',
        "keys([1])",
        'lower("a", "b")',
        'yamldecode("[")',
        'type("x")',
        'fileset(".", "*")',
        "{ a = 1 }[0]",
        "true[0]",
        "1.a",
        "!1",
        "[for x in 1 : x]",
        "max(1...)",
        "module.gone.x",
        "data.coder_parameter.gone.value",
    ],
)
def test_what_has_no_value_is_reported_as_such(expression: str) -> None:
    with pytest.raises(EvaluationError):
        value_of(expression)


def test_what_only_an_apply_tells_stays_unknown_through_operations() -> None:
    box = 'resource "docker_image" "x" {\n  name = "a"\n}'
    assert value_of('"id ${docker_image.x.image_id}"', box) is UNKNOWN
    assert value_of("docker_image.x.image_id == 1 ? 1 : 2", box) is UNKNOWN
    assert isinstance(value_of("upper(docker_image.x.image_id)", box), Unknown)
    assert value_of("docker_image.x.name", box) == "a"


def test_an_applied_resource_has_an_id() -> None:
    box = 'resource "docker_image" "x" {\n  name = "a"\n}'
    assert len(value_of("docker_image.x.id", box, applied=True)) == 64


@pytest.mark.parametrize(
    "expression",
    [
        "[for x in docker_image.x.tags : x]",
        "{ for x in [1] : docker_image.x.repo_digest => x }",
        "[for x in [1] : x if docker_image.x.force]",
        "docker_image.x.names[*].first",
        "{ (docker_image.x.image_id) = 1 }",
        "[1, 2][docker_image.x.index]",
        "!docker_image.x.flag",
        "docker_image.x.size + 1",
        "docker_image.x.a == 1",
        "docker_image.x.a && true",
        "max(docker_image.x.sizes...)",
        'join(",", [docker_image.x.image_id])',
        '"%{ if docker_image.x.flag }a%{ endif }"',
        '"%{ for x in docker_image.x.tags }a%{ endfor }"',
        '"%{ for x in [docker_image.x.tag] }${x}%{ endfor }"',
        'file(docker_image.x.path)',
        'templatefile("t", docker_image.x.names)',
        "docker_image.x.build[0].context",
    ],
)  # fmt: skip
def test_what_needs_an_unknown_is_unknown(expression: str) -> None:
    source = f'resource "docker_image" "x" {{}}\nlocals {{\n  v = {expression}\n}}\n'
    files = {"main.tf": source.encode(), "t": b"${a}"}
    scope = Scope(parse_module(files), Inputs(), Notes())
    assert isinstance(scope.value(scope.locals["v"]), Unknown)
    assert not scope.notes.lines


def test_false_and_true_decide_even_beside_an_unknown() -> None:
    box = 'resource "docker_image" "x" {}'
    assert value_of("false && docker_image.x.flag", box) is False
    assert value_of("docker_image.x.flag || true", box) is True


def test_a_template_file_sees_only_what_it_is_given() -> None:
    files = {
        "main.tf": b'locals {\n  a = 1\n  b = templatefile("t", {})\n}\n',
        "t": b"${local.a}",
    }
    scope = Scope(parse_module(files), Inputs(), Notes())
    assert scope.value(scope.locals["b"]) is UNKNOWN
    assert 'is not given "local"' in next(iter(scope.notes.lines))


def test_a_broken_template_file_is_noted() -> None:
    files = {"main.tf": b'locals {\n  b = templatefile("t", {})\n}\n', "t": b"${"}
    scope = Scope(parse_module(files), Inputs(), Notes())
    assert scope.value(scope.locals["b"]) is UNKNOWN
    assert "is not closed" in next(iter(scope.notes.lines))


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("set(string)", '["b", "a", "b"]', ["a", "b"]),
        ("list(string)", "[1, 2]", ["1", "2"]),
        ("map(string)", '{ a = "b" }', {"a": "b"}),
        ("bool", "true", True),
        ("string", "true", "true"),
        ("any", '"x"', "x"),
    ],
)
def test_a_variables_value_is_read_in_its_type(kind: str, given: str, value: Any) -> None:
    declared = f'variable "v" {{\n  type = {kind}\n}}'
    assert value_of("var.v", declared, variables={"v": given}) == value


def test_a_variables_value_that_is_no_expression_is_refused() -> None:
    with pytest.raises(EvaluationError):
        value_of("var.v", 'variable "v" {\n  type = list(string)\n}', variables={"v": "["})


def test_attributes_read_as_numbers_flags_and_texts_fall_back_with_a_note() -> None:
    text = 'locals {\n  n = "x"\n  f = "maybe"\n  t = [1]\n  u = z_z.z.id\n}\nresource "z_z" "z" {}'
    scope = Scope(parse_module({"main.tf": text.encode()}), Inputs(), Notes())
    assert scope.number(scope.locals["n"], 7) == 7
    assert scope.flag(scope.locals["f"], True) is True
    assert scope.text(scope.locals["t"]) is None
    assert len(scope.notes.lines) == 3
    assert (scope.number(scope.locals["u"], 3), scope.flag(None, False)) == (3, False)
    assert scope.script(scope.locals["u"]) == ""


def test_counted_resources_can_be_indexed_counted_and_splatted() -> None:
    boxes = 'resource "docker_image" "x" {\n  count = 2\n  name = "n${count.index}"\n}'
    assert value_of("docker_image.x[1].name", boxes) == "n1"
    assert value_of("docker_image.x[*].name", boxes) == ["n0", "n1"]
    assert value_of("length(docker_image.x)", boxes) == 2


def test_resources_for_each_element_know_their_key_and_value() -> None:
    boxes = (
        'resource "docker_image" "x" {\n  for_each = toset(["a", "b"])\n'
        '  name = "${each.key}${each.value}"\n}'
    )
    assert value_of('docker_image.x["b"].name', boxes) == "bb"
    assert value_of("[for k, v in docker_image.x : v.name]", boxes) == ["aa", "bb"]


def test_variables_have_the_given_value_in_their_type_else_the_default() -> None:
    declared = (
        'variable "n" {\n  type = number\n  default = 1\n}\n'
        'variable "l" {\n  type = list(string)\n  default = []\n}'
    )
    assert value_of("var.n", declared) == 1
    assert value_of("var.n + 1", declared, variables={"n": "41"}) == 42
    assert value_of("var.l[0]", declared, variables={"l": '["x"]'}) == "x"


def test_workspace_and_owner_are_those_of_the_job() -> None:
    declared = 'data "coder_workspace" "me" {}\ndata "coder_workspace_owner" "me" {}'
    facts: dict[str, Any] = {"owner": OWNER, "workspace": WORKSPACE, "transition": "stop"}
    told = value_of(
        '"${data.coder_workspace_owner.me.name}/${data.coder_workspace.me.name}'
        '/${data.coder_workspace.me.transition}/${data.coder_workspace.me.start_count}"',
        declared,
        **facts,
    )
    assert told == "dana/dev/stop/0"


def test_a_parameter_has_the_builds_value_by_name_else_its_default() -> None:
    declared = 'data "coder_parameter" "label" {\n  name = "size"\n  default = 2\n}'
    assert value_of("data.coder_parameter.label.value", declared) == "2"
    given = {"size": "7"}
    assert value_of("data.coder_parameter.label.value + 1", declared, parameters=given) == 8


def test_files_and_template_files_come_from_the_archive() -> None:
    files = {
        "main.tf": b"locals {\n"
        b'  a = file("${path.module}/note.txt")\n'
        b'  b = templatefile("greet.tpl", { name = "Bo", n = [1, 2] })\n'
        b'  c = fileexists("absent")\n}\n',
        "note.txt": b"hi\n",
        "greet.tpl": b"Hello ${name}%{ for i in n }, ${i}%{ endfor }\n",
    }
    scope = Scope(parse_module(files), Inputs(), Notes())
    assert [scope.value(one) for one in scope.locals.values()] == [
        "hi\n",
        "Hello Bo, 1, 2\n",
        False,
    ]


@pytest.mark.parametrize(
    ("function", "value"),
    [
        ("filebase64", "aGk="),
        ("filemd5", "49f68a5c8493ec2c0bf489821c21fc3b"),
        ("filebase64sha256", "j0NDRmSPa5bfid2pAcUXaxCm2Dlh3TwayItZstwyeqQ="),
    ],
)
def test_files_can_be_encoded_and_hashed(function: str, value: str) -> None:
    files = {"main.tf": f'locals {{\n  a = {function}("x")\n}}\n'.encode(), "x": b"hi"}
    scope = Scope(parse_module(files), Inputs(), Notes())
    assert scope.value(scope.locals["a"]) == value


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("access_port", 443),
        ("id", "00000000-0000-4000-8000-000000000001"),
        ("owner_email", "dana@example.com"),
        ("is_prebuild", False),
    ],
)
def test_the_workspace_tells_its_facts(attribute: str, value: Any) -> None:
    told = value_of(
        f"data.coder_workspace.me.{attribute}",
        'data "coder_workspace" "me" {}',
        owner=OWNER,
        workspace=replace(WORKSPACE, access_url="https://coder.example.com"),
    )
    assert told == value


def test_resources_that_are_not_known_in_number_are_assumed_once_or_left_out() -> None:
    text = (
        'resource "x_y" "one" {\n  count = x_y.other.size\n}\nresource "x_y" "other" {}\n'
        'resource "x_y" "none" {\n  for_each = x_y.other.names\n}'
    )
    scope = Scope(parse_module({"main.tf": text.encode()}), Inputs(), Notes())
    counted = [scope.instances(scope.resources["x_y", name]) for name in ("one", "none")]
    assert [len(instances) for instances in counted] == [1, 0]
    assert len(scope.notes.lines) == 2


def test_more_instances_than_anybody_wants_are_cut_off() -> None:
    text = 'resource "x_y" "z" {\n  count = 100000\n}'
    scope = Scope(parse_module({"main.tf": text.encode()}), Inputs(), Notes())
    assert len(scope.instances(scope.resources["x_y", "z"])) == 500


def test_an_endless_evaluation_is_given_up() -> None:
    text = "locals {\n  a = range(5000)\n  b = [for x in local.a : [for y in local.a : x + y]]\n}"
    scope = Scope(parse_module({"main.tf": text.encode()}), Inputs(), Notes())
    assert scope.value(scope.locals["b"]) is UNKNOWN
    assert "too many steps" in next(iter(scope.notes.lines))


def test_a_script_keeps_its_words_where_a_part_is_not_known() -> None:
    text = 'resource "x_y" "z" {}\nlocals {\n  s = "run ${x_y.z.ip} now"\n}'
    scope = Scope(parse_module({"main.tf": text.encode()}), Inputs(), Notes())
    assert scope.script(scope.locals["s"]) == "run  now"


def test_failures_are_noted_once_with_their_place() -> None:
    scope = Scope(parse_module({"main.tf": b"locals {\n  s = timestamp()\n}"}), Inputs(), Notes())
    for _ in range(2):
        assert scope.value(scope.locals["s"]) is UNKNOWN
    assert list(scope.notes.lines) == ["main.tf:2: s is left out: timestamp() is not evaluated"]
