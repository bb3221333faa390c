"""Query parameters: every reader's words, and how problems are collected."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from coder_mock_server.errors import Invalid
from coder_mock_server.wire_in import Query, QueryReader, pagination

UUID = "0b7c0a1e-3f5c-4c5e-9d1b-2a6f4f8f7c10"


def problems(reader: QueryReader, *, strict: bool = False) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        reader.finish(strict=strict)
    assert caught.value.message == "Query parameters have invalid values."
    return [(one.field, one.detail) for one in caught.value.validations]


def test_pairs_are_unescaped_and_broken_ones_passed_over() -> None:
    query = Query(b"q=a+b%20%C3%A9&x=%zz&y=1;2&z&z=3")
    assert query.get("q") == "a b é"
    assert not query.has("x")
    assert not query.has("y")
    assert query.all("z") == ["", "3"]
    assert query.keys() == ["q", "z"]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("abc", 'strconv.ParseInt: parsing "abc": invalid syntax'),
        ("1.5", 'strconv.ParseInt: parsing "1.5": invalid syntax'),
        ("99999999999", 'strconv.ParseInt: parsing "99999999999": value out of range'),
        ("-1", "value is negative"),
    ],
)
def test_a_page_size_is_a_32_bit_integer_that_is_not_negative(text: str, detail: str) -> None:
    reader = QueryReader(Query(f"limit={text}"))
    pagination(reader)
    assert problems(reader) == [
        ("limit", f'Query param "limit" must be a valid 32-bit positive integer: {detail}')
    ]


def test_page_problems_are_told_in_the_order_of_reading() -> None:
    reader = QueryReader(Query("limit=a&offset=b&after_id=c"))
    pagination(reader)
    assert [field for field, _ in problems(reader)] == ["after_id", "limit", "offset"]


def test_an_empty_value_counts_as_absent() -> None:
    reader = QueryReader(Query("limit=&offset="))
    page = pagination(reader, default_limit=50)
    reader.finish()
    assert (page.limit, page.offset, page.after_id) == (50, 0, None)


def test_a_page_cuts_what_it_names() -> None:
    reader = QueryReader(Query("limit=2&offset=1"))
    assert pagination(reader).cut([1, 2, 3, 4]) == [2, 3]
    assert pagination(QueryReader(Query(""))).cut([1, 2]) == [1, 2]


def test_a_repeated_parameter_is_refused() -> None:
    reader = QueryReader(Query("limit=1&limit=2"))
    reader.positive_int32("limit")
    assert problems(reader) == [
        (
            "limit",
            'Query param "limit" provided more than once, found 2 times. '
            "Only provide 1 instance of this query param.",
        )
    ]


def test_lists_take_commas_and_repetition_and_tell_every_bad_item() -> None:
    reader = QueryReader(Query(f"ids=ab,{UUID}&ids=abc&status=up"))
    assert reader.uuids("ids") == []
    reader.enums("status", ("down",))
    assert problems(reader) == [
        (
            "ids",
            'Query param "ids" has invalid values: invalid UUID length: 2\ninvalid UUID length: 3',
        ),
        ("status", 'Query param "status" has invalid values: "up" is not a valid value'),
    ]


def test_each_kind_of_value_has_its_own_words() -> None:
    reader = QueryReader(Query("i=x&b=maybe&u=1&e=x&t=YESTERDAY&tags=abc"))
    reader.integer("i")
    reader.boolean("b")
    reader.uuid("u")
    reader.enum("e", ("y",))
    reader.time("t")
    reader.text("name", required=True)
    reader.json_map("tags")
    layout = "2006-01-02T15:04:05.999999999Z07:00"
    assert [detail for _, detail in problems(reader)] == [
        'Query param "i" must be a valid integer: strconv.Atoi: parsing "x": invalid syntax',
        'Query param "b" must be a valid boolean: '
        'strconv.ParseBool: parsing "maybe": invalid syntax',
        'Query param "u" must be a valid uuid',
        'Query param "e" has invalid value: "x" is not a valid value',
        f'Query param "t" must be a valid date format ({layout}): parsing time "YESTERDAY" as '
        f'"{layout}": cannot parse "YESTERDAY" as "2006"',
        'Query param "name" is required and cannot be empty',
        'Query param "tags" must be a valid JSON object: '
        "invalid character 'a' looking for beginning of value",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "unexpected EOF"),
        ("%20", "EOF"),
        ('{"a":1}', "json: cannot unmarshal number into Go value of type string"),
        ('{"a":["b"]}', "json: cannot unmarshal array into Go value of type string"),
        ("5", "json: cannot unmarshal number into Go value of type map[string]string"),
    ],
)
def test_a_map_of_texts_is_read_as_a_body_is(text: str, fault: str) -> None:
    reader = QueryReader(Query(f"tags={text}"))
    assert reader.json_map("tags") == {}
    assert problems(reader) == [
        ("tags", f'Query param "tags" must be a valid JSON object: {fault}')
    ]


def test_what_follows_a_map_of_texts_is_not_looked_at() -> None:
    assert QueryReader(Query('tags={"a":null} x')).json_map("tags") == {"a": ""}


def test_good_values_are_converted() -> None:
    reader = QueryReader(Query('t=2025-05-19T10:00:00.25Z&b=T&tags={"a":"b"}'))
    assert reader.time("t") == datetime(2025, 5, 19, 10, 0, 0, 250_000, tzinfo=UTC)
    assert reader.boolean("b") is True
    assert reader.json_map("tags") == {"a": "b"}
    reader.finish(strict=True)


def test_strict_reading_tells_unknown_names_last() -> None:
    reader = QueryReader(Query("x=1&limit=a&y=2"))
    reader.positive_int32("limit")
    assert [field for field, _ in problems(reader, strict=True)] == ["limit", "x", "y"]


def test_a_server_of_2023_has_words_of_its_own() -> None:
    reader = QueryReader(Query("limit=x&colour=red", "2023"))
    reader.positive_int32("limit")
    assert problems(reader, strict=True) == [
        (
            "limit",
            'Query param "limit" must be a valid integer '
            '(strconv.Atoi: parsing "x": invalid syntax)',
        ),
        ("colour", 'Query param "colour" is not a valid query param'),
    ]
