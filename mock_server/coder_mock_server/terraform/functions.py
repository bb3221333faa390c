"""Terraform's functions over known values, as far as templates use them.

`FUNCTIONS` holds what is computed here. `KNOWN_FUNCTIONS` adds the names that Terraform has and
we do not compute: calling one of those gives an unknown value, any other name is an error in the
template.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from typing import Final

from coder_mock_server.terraform.values import (
    EvaluationError,
    TfSet,
    Value,
    make_set,
    same,
    to_bool,
    to_number,
    to_text,
    whole,
)

LONGEST_RANGE: Final = 10_000
LONGEST_TEXT: Final = 4 * 1024 * 1024


def call(name: str, arguments: list[Value]) -> Value:
    """The function's result; raises EvaluationError for arguments that it does not take."""
    function = FUNCTIONS[name]
    try:
        return function(*arguments)
    except EvaluationError:
        raise
    except RecursionError:
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, re.error) as error:
        raise EvaluationError(f"{name}() does not take these arguments: {error}") from None


def encode_json(value: Value) -> str:
    """Terraform's jsonencode: compact, keys sorted, the three signs of HTML escaped."""
    text = json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _plain(value: Value) -> Value:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _decode_json(text: Value) -> Value:
    return json.loads(to_text(text))


def _items(value: Value) -> list[Value]:
    if isinstance(value, list):
        return value
    raise EvaluationError("a list is required")


def _map(value: Value) -> dict[str, Value]:
    if isinstance(value, dict):
        return value
    raise EvaluationError("a map is required")


def _length(value: Value) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise EvaluationError("length() takes a string, list or map")


def _join(separator: Value, *lists: Value) -> str:
    return to_text(separator).join(to_text(item) for part in lists for item in _items(part))


def _split(separator: Value, text: Value) -> list[Value]:
    mark = to_text(separator)
    return list(to_text(text).split(mark)) if mark else list(to_text(text))


def _replace(text: Value, old: Value, new: Value) -> str:
    source, pattern, instead = to_text(text), to_text(old), to_text(new)
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        swapped = re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", instead)
        return re.sub(_regex(pattern[1:-1]), swapped, source)
    return source.replace(pattern, instead)


def _regex(pattern: str) -> str:
    # RE2 spells named groups and the ends of the text differently.
    return pattern.replace("(?P<", "(?P<").replace("\\z", "\\Z")


def _matched(found: re.Match[str]) -> Value:
    if found.groupdict():
        return dict(found.groupdict())
    return list(found.groups()) if found.groups() else found.group()


def _regex_first(pattern: Value, text: Value) -> Value:
    found = re.search(_regex(to_text(pattern)), to_text(text))
    if found is None:
        raise EvaluationError("regex() found nothing")
    return _matched(found)


def _regex_all(pattern: Value, text: Value) -> list[Value]:
    return [_matched(found) for found in re.finditer(_regex(to_text(pattern)), to_text(text))]


def _format(spec: Value, *arguments: Value) -> str:
    waiting = list(arguments)

    def fill(found: re.Match[str]) -> str:
        flags, width, precision, verb = found.groups()
        if verb == "%":
            return "%"
        value = waiting.pop(0)
        sized = f"{flags.replace('#', '')}{width or ''}"
        if verb == "d":
            return f"%{sized}d" % int(to_number(value))
        if verb in "feEgG":
            return f"%{sized}{precision or ''}{verb}" % to_number(value)
        if verb in "xXobB":
            return f"%{sized}{verb.lower() if verb != 'X' else 'X'}" % int(to_number(value))
        if verb == "t":
            return f"%{sized}s" % to_text(to_bool(value))
        if verb == "q":
            return f"%{sized}s" % json.dumps(to_text(value), ensure_ascii=False)
        text = encode_json(value) if isinstance(value, list | dict) else _shown(value)
        return f"%{sized}{precision or ''}s" % text

    return re.sub(r"%([-+ #0]*)(\d{1,4})?(\.\d{1,3})?([a-zA-Z%])", fill, to_text(spec))


def _shown(value: Value) -> str:
    return "null" if value is None else to_text(value)


def _formatlist(spec: Value, *arguments: Value) -> list[Value]:
    length = max((len(item) for item in arguments if isinstance(item, list)), default=1)
    rows = [
        [item[number] if isinstance(item, list) else item for item in arguments]
        for number in range(length)
    ]
    return [_format(spec, *row) for row in rows]


def _concat(*lists: Value) -> list[Value]:
    return [item for part in lists for item in _items(part)]


def _merge(*maps: Value) -> dict[str, Value]:
    merged: dict[str, Value] = {}
    for part in maps:
        merged.update(_map(part) if part is not None else {})
    return merged


def _lookup(mapping: Value, key: Value, *default: Value) -> Value:
    if to_text(key) in _map(mapping):
        return mapping[to_text(key)]
    if default:
        return default[0]
    raise EvaluationError(f'the map has no element "{to_text(key)}"')


def _element(items: Value, index: Value) -> Value:
    return _items(items)[int(to_number(index)) % len(items)]


def _contains(items: Value, wanted: Value) -> bool:
    return any(same(item, wanted) for item in _items(items))


def _index(items: Value, wanted: Value) -> int:
    for number, item in enumerate(_items(items)):
        if same(item, wanted):
            return number
    raise EvaluationError("index() found nothing")


def _flatten(items: Value) -> list[Value]:
    flat: list[Value] = []
    for item in _items(items):
        flat.extend(_flatten(item) if isinstance(item, list) else [item])
    return flat


def _distinct(items: Value) -> list[Value]:
    unique: list[Value] = []
    for item in _items(items):
        if not any(same(item, other) for other in unique):
            unique.append(item)
    return unique


def _compact(items: Value) -> list[Value]:
    return [item for item in _items(items) if item not in (None, "")]


def _range(*bounds: Value) -> list[Value]:
    numbers = [to_number(bound) for bound in bounds]
    start, stop, step = {1: (0, *numbers, 1), 2: (*numbers, 1)}.get(len(numbers), tuple(numbers))
    if len(numbers) < 3 and stop < start:
        step = -1
    if step == 0 or abs((stop - start) / step) > LONGEST_RANGE:
        raise EvaluationError(f"range() gives more than {LONGEST_RANGE} numbers")
    result: list[Value] = []
    current: int | float = start
    while (current < stop) if step > 0 else (current > stop):
        result.append(whole(current))
        current += step
    return result


def _slice(items: Value, start: Value, end: Value) -> list[Value]:
    return list(_items(items)[int(to_number(start)) : int(to_number(end))])


def _chunks(items: Value, size: Value) -> list[Value]:
    step = int(to_number(size))
    if step < 1:
        return [list(_items(items))]
    return [items[start : start + step] for start in range(0, len(_items(items)), step)]


def _substr(text: Value, offset: Value, length: Value) -> str:
    source, start, count = to_text(text), int(to_number(offset)), int(to_number(length))
    start = start + len(source) if start < 0 else start
    return source[start:] if count < 0 else source[start : start + count]


def _zip(keys: Value, values: Value) -> dict[str, Value]:
    names = [to_text(key) for key in _items(keys)]
    return dict(zip(names, _items(values), strict=True))


def _keys(mapping: Value) -> list[Value]:
    return sorted(_map(mapping))


def _values(mapping: Value) -> list[Value]:
    return [mapping[key] for key in sorted(_map(mapping))]


def _to_map(value: Value) -> dict[str, Value]:
    return dict(_map(value))


def _to_list(value: Value) -> list[Value]:
    return list(_items(value))


def _to_set(value: Value) -> TfSet:
    return make_set(_items(value))


def _to_text_or_null(value: Value) -> Value:
    return None if value is None else to_text(value)


def _to_number_or_null(value: Value) -> Value:
    return None if value is None else to_number(value)


def _to_bool_or_null(value: Value) -> Value:
    return None if value is None else to_bool(value)


def _coalesce(*values: Value) -> Value:
    for value in values:
        if value not in (None, ""):
            return value
    raise EvaluationError("coalesce() has nothing to choose")


def _coalesce_list(*values: Value) -> Value:
    for value in values:
        if value:
            return value
    raise EvaluationError("coalescelist() has nothing to choose")


def _one(items: Value) -> Value:
    if len(_items(items)) > 1:
        raise EvaluationError("one() takes at most one item")
    return items[0] if items else None


def _sort(items: Value) -> list[Value]:
    return sorted(to_text(item) for item in _items(items))


def _log(value: Value, base: Value) -> Value:
    return whole(math.log(to_number(value), to_number(base)))


def _pow(value: Value, power: Value) -> Value:
    base, exponent = to_number(value), to_number(power)
    if abs(exponent) > 1024:
        raise EvaluationError("pow() is out of range")
    return whole(float(base) ** float(exponent))


def _sum(items: Value) -> Value:
    return whole(sum(to_number(item) for item in _items(items)))


def _parse_int(text: Value, base: Value) -> int:
    return int(to_text(text), int(to_number(base)))


def _signum(value: Value) -> int:
    number = to_number(value)
    return (number > 0) - (number < 0)


def _title(text: Value) -> str:
    return re.sub(
        r"(^|\s)(\S)", lambda found: found.group(1) + found.group(2).upper(), to_text(text)
    )


def _trim(text: Value, cutset: Value) -> str:
    return to_text(text).strip(to_text(cutset))


def _indent(spaces: Value, text: Value) -> str:
    return to_text(text).replace("\n", "\n" + " " * min(int(to_number(spaces)), 1000))


def _setproduct(*sets: Value) -> list[Value]:
    rows: list[list[Value]] = [[]]
    for items in sets:
        rows = [[*row, item] for row in rows for item in _items(items)]
        if len(rows) > LONGEST_RANGE:
            raise EvaluationError("setproduct() is too large")
    return list(rows)


def _set_union(*sets: Value) -> TfSet:
    return make_set(item for items in sets for item in _items(items))


def _set_intersection(first: Value, *others: Value) -> TfSet:
    return make_set(item for item in _items(first) if all(item in other for other in others))


def _set_subtract(left: Value, right: Value) -> TfSet:
    return make_set(item for item in _items(left) if item not in _items(right))


def _transpose(mapping: Value) -> dict[str, Value]:
    turned: dict[str, Value] = {}
    for key in sorted(_map(mapping)):
        for item in _items(mapping[key]):
            turned.setdefault(to_text(item), []).append(key)
    return turned


def _base64(text: Value) -> str:
    return base64.b64encode(to_text(text).encode()).decode()


def _from_base64(text: Value) -> str:
    return base64.b64decode(to_text(text), validate=True).decode()


def _digest(algorithm: str) -> Callable[[Value], str]:
    def digest(text: Value) -> str:
        return hashlib.new(algorithm, to_text(text).encode(), usedforsecurity=False).hexdigest()

    return digest


def _base64_sha256(text: Value) -> str:
    return base64.b64encode(hashlib.sha256(to_text(text).encode()).digest()).decode()


def _uuid5(namespace: Value, name: Value) -> str:
    spaces = {
        "dns": uuid.NAMESPACE_DNS,
        "url": uuid.NAMESPACE_URL,
        "oid": uuid.NAMESPACE_OID,
        "x500": uuid.NAMESPACE_X500,
    }
    known = spaces.get(to_text(namespace))
    return str(uuid.uuid5(known or uuid.UUID(to_text(namespace)), to_text(name)))


def _base_name(path: Value) -> str:
    return to_text(path).rstrip("/").rpartition("/")[2] or "."


def _dir_name(path: Value) -> str:
    return to_text(path).rpartition("/")[0] or "."


def _same_value(value: Value, *_: Value) -> Value:
    return value


def _numbers(reduce: Callable[[list[int | float]], int | float]) -> Callable[..., Value]:
    def apply(*values: Value) -> Value:
        return whole(reduce([to_number(value) for value in values]))

    return apply


def _parsed_yaml(text: Value) -> Value:
    import yaml

    try:
        return yaml.safe_load(to_text(text))
    except yaml.YAMLError:
        raise EvaluationError("yamldecode() cannot read the text") from None


def _yaml(value: Value) -> str:
    import yaml

    class Quoting(yaml.SafeDumper):
        """Writes strings in quotes and all else plainly, as Terraform does."""

    def quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')

    Quoting.add_representer(str, quoted)
    return str(yaml.dump(_plain(value), Dumper=Quoting, default_flow_style=False))


FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "abs": lambda value: whole(abs(to_number(value))),
    "alltrue": lambda items: all(to_bool(item) for item in _items(items)),
    "anytrue": lambda items: any(to_bool(item) for item in _items(items)),
    "base64decode": _from_base64,
    "base64encode": _base64,
    "base64sha256": _base64_sha256,
    "basename": _base_name,
    "ceil": lambda value: math.ceil(to_number(value)),
    "chomp": lambda text: to_text(text).rstrip("\r\n"),
    "chunklist": _chunks,
    "coalesce": _coalesce,
    "coalescelist": _coalesce_list,
    "compact": _compact,
    "concat": _concat,
    "contains": _contains,
    "dirname": _dir_name,
    "distinct": _distinct,
    "element": _element,
    "endswith": lambda text, end: to_text(text).endswith(to_text(end)),
    "flatten": _flatten,
    "floor": lambda value: math.floor(to_number(value)),
    "format": _format,
    "formatlist": _formatlist,
    "indent": _indent,
    "index": _index,
    "join": _join,
    "jsondecode": _decode_json,
    "jsonencode": encode_json,
    "keys": _keys,
    "length": _length,
    "log": _log,
    "lookup": _lookup,
    "lower": lambda text: to_text(text).lower(),
    "matchkeys": lambda values, keys, wanted: [
        value for value, key in zip(values, keys, strict=True) if _contains(wanted, key)
    ],
    "max": _numbers(max),
    "md5": _digest("md5"),
    "merge": _merge,
    "min": _numbers(min),
    "nonsensitive": _same_value,
    "one": _one,
    "parseint": _parse_int,
    "pathexpand": lambda path: to_text(path).replace("~", "/home/coder", 1),
    "pow": _pow,
    "range": _range,
    "regex": _regex_first,
    "regexall": _regex_all,
    "replace": _replace,
    "reverse": lambda items: list(reversed(_items(items))),
    "sensitive": _same_value,
    "setintersection": _set_intersection,
    "setproduct": _setproduct,
    "setsubtract": _set_subtract,
    "setunion": _set_union,
    "sha1": _digest("sha1"),
    "sha256": _digest("sha256"),
    "sha512": _digest("sha512"),
    "signum": _signum,
    "slice": _slice,
    "sort": _sort,
    "split": _split,
    "startswith": lambda text, start: to_text(text).startswith(to_text(start)),
    "strcontains": lambda text, part: to_text(part) in to_text(text),
    "strrev": lambda text: to_text(text)[::-1],
    "substr": _substr,
    "sum": _sum,
    "title": _title,
    "tobool": _to_bool_or_null,
    "tolist": _to_list,
    "tomap": _to_map,
    "tonumber": _to_number_or_null,
    "toset": _to_set,
    "tostring": _to_text_or_null,
    "transpose": _transpose,
    "trim": _trim,
    "trimprefix": lambda text, start: to_text(text).removeprefix(to_text(start)),
    "trimspace": lambda text: to_text(text).strip(),
    "trimsuffix": lambda text, end: to_text(text).removesuffix(to_text(end)),
    "upper": lambda text: to_text(text).upper(),
    "urlencode": lambda text: urllib.parse.quote_plus(to_text(text)),
    "uuidv5": _uuid5,
    "values": _values,
    "yamldecode": _parsed_yaml,
    "yamlencode": _yaml,
    "zipmap": _zip,
}

# Computed by the evaluator, since they look at files, at the scope, or at failures.
SPECIAL_FUNCTIONS: Final = frozenset(
    {"can", "file", "filebase64", "fileexists", "fileset", "templatefile", "templatestring", "try"}
    | {"filemd5", "filesha1", "filesha256", "filesha512", "filebase64sha256", "issensitive"}
    | {"type", "abspath"}
)

_NOT_COMPUTED: Final = """
    base64gzip base64sha512 bcrypt cidrhost cidrnetmask cidrsubnet cidrsubnets csvdecode
    ephemeralasnull filebase64sha512 formatdate list map plantimestamp rsadecrypt
    textdecodebase64 textencodebase64 timeadd timecmp timestamp uuid
"""

KNOWN_FUNCTIONS: Final = frozenset(FUNCTIONS) | SPECIAL_FUNCTIONS | frozenset(_NOT_COMPUTED.split())
