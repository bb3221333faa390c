"""Request bodies are decoded as Go's encoding/json does, and refused in its words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.domain.records import NIL_UUID, ZERO_TIME
from coder_mock_server.errors import ApiError, Invalid
from coder_mock_server.wire_in.body import Body, read_body
from coder_mock_server.wire_in.gotypes import GoType, TypeReader
from coder_mock_server.wire_in.scanner import MAX_DEPTH, DecodeError, plain, scan

UUID = "0b7c0a1e-3f5c-4c5e-9d1b-2a6f4f8f7c10"
SCHEMAS: dict[str, Any] = {
    "codersdk.Color": {"type": "string", "enum": ["red", "blue"]},
    "codersdk.Pair": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
    },
    "codersdk.Request": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "color": {"allOf": [{"$ref": "#/components/schemas/codersdk.Color"}, {"enum": [1]}]},
            "ttl_ms": {"type": ["integer", "null"]},
            "port": {"type": "integer", "format": "int32"},
            "lifetime": {"type": "integer"},
            "ratio": {"type": "number"},
            "force": {"type": "boolean"},
            "id": {"type": "string", "format": "uuid"},
            "deadline": {"type": "string", "format": "date-time"},
            "state": {"type": "array", "items": {"type": "integer"}},
            "tags": {"type": "object", "additionalProperties": {"type": "string"}},
            "pairs": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/codersdk.Pair"},
            },
            "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}},
            "anything": {},
        },
    },
}


def resolve(ref: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMAS[ref.rpartition("/")[2]]
    return found


REQUEST: GoType = TypeReader(resolve).read({"$ref": "#/components/schemas/codersdk.Request"})


def read(raw: str | bytes) -> Body:
    return read_body(raw.encode() if isinstance(raw, str) else raw, REQUEST)


def refusal(raw: str | bytes) -> str:
    with pytest.raises(ApiError) as caught:
        read(raw)
    assert caught.value.status == 400
    assert caught.value.message == "Request body must be valid JSON."
    return caught.value.detail


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        ("", "EOF"),
        (" \n\t", "EOF"),
        ('{"name":', "unexpected EOF"),
        ('{"name":"a', "unexpected EOF"),
        ("nul", "unexpected EOF"),
        ("-", "unexpected EOF"),
        ("name=x", "invalid character 'a' in literal null (expecting 'u')"),
        ("email=x", "invalid character 'e' looking for beginning of value"),
        ("{name: 1}", "invalid character 'n' looking for beginning of object key string"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        ('{"a":01}', "invalid character '1' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        ('{"a":"\x01"}', "invalid character '\\x01' in string literal"),
        ('{"a":"\\q"}', "invalid character 'q' in string escape code"),
        ('{"a":"\\u12g4"}', "invalid character 'g' in \\u hexadecimal character escape"),
        ('{"a":-x}', "invalid character 'x' in numeric literal"),
        ('{"a":1.x}', "invalid character 'x' after decimal point in numeric literal"),
        ('{"a":1ex}', "invalid character 'x' in exponent of numeric literal"),
        ('{"a":NaN}', "invalid character 'N' looking for beginning of value"),
        ('{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
        (b"\xff", "invalid character 'ÿ' looking for beginning of value"),
        ("[" * (MAX_DEPTH + 1), "exceeded max depth"),
    ],
)
def test_broken_json_is_refused_in_the_words_of_the_decoder(raw: str | bytes, detail: str) -> None:
    assert refusal(raw) == detail


MONTH = 'parsing time "2025-13-01T00:00:00Z": month out of range'
FIELD = "json: cannot unmarshal {} into Go struct field Request.{} of type {}"


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        ('{"name":5}', FIELD.format("number", "name", "string")),
        ('{"name":[]}', FIELD.format("array", "name", "string")),
        ('{"name":{}}', FIELD.format("object", "name", "string")),
        ('{"name":true}', FIELD.format("bool", "name", "string")),
        ('{"color":5}', FIELD.format("number", "color", "codersdk.Color")),
        ('{"ttl_ms":"x"}', FIELD.format("string", "ttl_ms", "int64")),
        ('{"ttl_ms":1.5}', FIELD.format("number 1.5", "ttl_ms", "int64")),
        ('{"ttl_ms":1e3}', FIELD.format("number 1e3", "ttl_ms", "int64")),
        (f'{{"ttl_ms":{2**63}}}', FIELD.format(f"number {2**63}", "ttl_ms", "int64")),
        ('{"port":2147483648}', FIELD.format("number 2147483648", "port", "int32")),
        ('{"lifetime":"1h"}', FIELD.format("string", "lifetime", "time.Duration")),
        ('{"ratio":1e999}', FIELD.format("number 1e999", "ratio", "float64")),
        ('{"force":"yes"}', FIELD.format("string", "force", "bool")),
        ('{"id":5}', FIELD.format("number", "id", "uuid.UUID")),
        ('{"state":5}', FIELD.format("number", "state", "[]uint8")),
        ('{"tags":{"a":5}}', FIELD.format("number", "tags", "string")),
        ('{"tags":[]}', FIELD.format("array", "tags", "map[string]string")),
        ('{"pairs":"x"}', FIELD.format("string", "pairs", "[]codersdk.Pair")),
        ('{"pairs":[5]}', FIELD.format("number", "pairs", "codersdk.Pair")),
        (
            '{"pairs":[{"name":5}]}',
            "json: cannot unmarshal number into Go struct field Pair.pairs.name of type string",
        ),
        ("[]", "json: cannot unmarshal array into Go value of type codersdk.Request"),
        ('"x" y', "json: cannot unmarshal string into Go value of type codersdk.Request"),
        ('{"id":"abc"}', "invalid UUID length: 3"),
        ('{"id":"zzzzzzzz-3f5c-4c5e-9d1b-2a6f4f8f7c10"}', "invalid UUID format"),
        ('{"state":"!!"}', "illegal base64 data at input byte 0"),
        ('{"state":"AAAA\u00fc"}', "illegal base64 data at input byte 4"),
        (
            '{"deadline":"soon"}',
            'parsing time "soon" as "2006-01-02T15:04:05Z07:00": '
            'cannot parse "soon" as "2006"',
        ),
        ('{"deadline":"2025-13-01T00:00:00Z"}', MONTH),
        ('{"deadline":5}', "Time.UnmarshalJSON: input is not a JSON string"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_with_its_place(raw: str, detail: str) -> None:
    assert refusal(raw) == detail


def test_the_first_type_error_is_told() -> None:
    assert "Request.name" in refusal('{"name":5,"force":"x"}')


def test_a_text_that_its_type_refuses_wins_over_type_errors_before_it() -> None:
    assert refusal('{"name":5,"id":"abc"}') == "invalid UUID length: 3"


def test_a_syntax_error_wins_over_everything_before_it() -> None:
    assert refusal('{"name":5,"id":"abc"') == "unexpected EOF"


def test_keys_match_in_any_letter_case_and_unknown_ones_are_ignored() -> None:
    body = read('{"NAME":"a","Force":true,"other":{"x":1}}')
    assert (body.text("name"), body.boolean("force")) == ("a", True)
    assert body.extra("other") == {"x": 1}


def test_of_repeated_keys_the_last_counts_whatever_its_case() -> None:
    assert read('{"name":"a","NAME":"b"}').text("name") == "b"
    assert read('{"NAME":"a","name":"b"}').text("name") == "b"
    assert read('{"name":"a","name":"b"}').text("name") == "b"


def test_only_the_first_value_is_read() -> None:
    assert read('{"name":"a"} and more').text("name") == "a"


def test_null_is_the_same_as_nothing() -> None:
    for raw in ("null", "{}", '{"name":null,"ttl_ms":null,"pairs":null,"tags":null}'):
        body = read(raw)
        assert body.text("name") == ""
        assert body.optional("ttl_ms") is None
        assert not body.has("ttl_ms")
        assert body.items("pairs") == []
        assert body.mapping("tags") == {}
        assert body.uuid("id") == NIL_UUID
        assert body.time("deadline") == ZERO_TIME


def test_values_arrive_with_their_types() -> None:
    body = read(
        json.dumps(
            {
                "name": "é",
                "ttl_ms": 0,
                "id": UUID.upper(),
                "deadline": "2025-05-19T12:00:00.5+02:00",
                "state": "aGk=",
                "tags": {"a": "b"},
                "pairs": [{"name": "n", "value": None}, None],
                "ids": [UUID.replace("-", "")],
                "anything": [1, {"a": None}],
            }
        )
    )
    assert body.text("name") == "é"
    assert body.optional("ttl_ms") == 0
    assert body.uuid("id") == UUID
    assert body.time("deadline") == datetime(2025, 5, 19, 10, 0, 0, 500_000, tzinfo=UTC)
    assert body.bytes("state") == b"hi"
    assert body.mapping("tags") == {"a": "b"}
    assert [pair.text("name") for pair in body.items("pairs")] == ["n", ""]
    assert body.strings("ids") == [UUID]
    assert body.optional("anything") == [1, {"a": None}]


def test_invalid_utf8_and_lone_surrogates_are_replaced() -> None:
    assert read(b'{"name":"a\xffb"}').text("name") == "a\ufffdb"
    assert read(r'{"name":"\ud83d\ude00\ud800"}').text("name") == "\U0001f600\ufffd"


@pytest.mark.parametrize("deep", ["[" * 5000 + "]" * 5000, "9" * 5000])
def test_what_nobody_asks_for_may_be_as_deep_and_long_as_it_likes(deep: str) -> None:
    assert read(f'{{"other":{deep},"name":"a"}}').text("name") == "a"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ),
    st.booleans(),
)
def test_the_scanner_reads_what_the_standard_library_wrote(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=1)
    found, end = scan(text.encode() + b" trailing")
    assert plain(found) == value
    assert end == len(text.encode())


@given(st.binary(max_size=40))
def test_the_scanner_never_fails_but_with_its_own_error(data: bytes) -> None:
    try:
        _, end = scan(data)
    except DecodeError:
        return
    json.loads(data[:end].decode("utf-8", "replace"))


def validations(body: Body, *rules: tuple[str, str]) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        body.validate(*rules)
    assert caught.value.message == "Validation failed."
    return [(one.field, one.detail) for one in caught.value.validations]


def test_each_failing_field_is_told_once_with_its_first_failing_tag() -> None:
    body = read('{"name":"a b"}')
    assert validations(
        body,
        ("name", "required,username"),
        ("color", "oneof=red blue,required"),
        ("id", "required"),
        ("deadline", "required"),
    ) == [
        ("name", 'Validation failed for tag "username" with value: "a b"'),
        ("color", 'Validation failed for tag "oneof" with value: ""'),
        ("id", f'Validation failed for tag "required" with value: "{NIL_UUID}"'),
        (
            "deadline",
            'Validation failed for tag "required" with value: "0001-01-01 00:00:00 +0000 UTC"',
        ),
    ]


def test_exactly_one_of_two_fields_can_be_asked_for() -> None:
    rules = (
        ("id", "required_without=name,excluded_with=name"),
        ("name", "required_without=id,excluded_with=id"),
    )
    neither = validations(read("{}"), *rules)
    assert [detail.split('"')[1] for _, detail in neither] == ["required_without"] * 2
    both = read(json.dumps({"id": UUID, "name": "x"}))
    assert [detail.split('"')[1] for _, detail in validations(both, *rules)] == [
        "excluded_with"
    ] * 2
    read('{"name":"x"}').validate(*rules)


def test_a_length_limit_names_only_its_tag() -> None:
    body = read(json.dumps({"name": "x" * 128}))
    assert validations(body, ("name", "lt=128")) == [
        ("name", f'Validation failed for tag "lt" with value: "{"x" * 128}"')
    ]
    read(json.dumps({"name": "x" * 127})).validate(("name", "lt=128"))
