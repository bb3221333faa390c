#!/usr/bin/env python3
# ruff: noqa: E501 -- the reference of the step format and long messages read better unwrapped
"""Send a scenario's requests to a server and compare the answers with those a real Coder server gave.

    replay.py compare SCENARIO... --target http://127.0.0.1:3000     differences from recorded/, exit 1 if any
    replay.py record  SCENARIO... --target http://127.0.0.1:3000     write recorded/NAME.json

A scenario (scenarios/NAME.yaml) starts on a server that has no user yet and builds all that it needs through the API, so
it runs on a real server and on a fake one alike. Values that differ from server to server are normalised before comparing:
a value that a step saved becomes <name>, any other UUID <uuid>, a time <time>, a number under a key in VOLATILE <n>, a text of
more than 240 characters <long text>.
Everything else counts: status, media type, Location-like headers, presence of each key, null, order of lists, values.

A step:
    id: create-workspace                   unique in its scenario
    request: POST /organizations/{org}/members/me/workspaces?x={y}      path below /api/v2 (a path that starts with // is taken from the root)
    as: admin                              whose session token (saved as admin); `none` sends no token; default admin
    body: {...} | raw: "text" | tar: {main.tf: "..."} | zip: {main.tf: "..."}     request body; strings may hold {saved} names; {{ and }} are literal braces
    content_type: application/json         default by the kind of body
    headers: {Name: value}
    save: {ws: id, job: latest_build.job.id}     values taken from the JSON answer, by dotted path (numbers index lists)
    until: {latest_build.job.status: succeeded}  repeat the request, up to 60 s, until each dotted path has the value (or one of a list);
                                           the answer of one more request is taken
    sse: 1                                 read this many `data:` messages of an event stream, then hang up
    ws: 500                                open a websocket, read this many messages or until it closes; the answer is {messages: [...], close: [code, reason]}
    say: hello                             first send this text on the websocket
    ignore: [latest_build.resources, items.*.logs]   dotted paths (with *) not compared, because they depend on more than the API
    sort: {"": name, users: username}      put these lists (by dotted path, "" is the answer itself) in order of a key (or list of keys) first, because the server gives them in any order
    pick: [0.output, "*.stage"]            compare only these values of the answer; with * the distinct values of all items, in order
    mask: ["*.worker_name", version]       values of which only presence and type are compared, because they name the machine or build
    also: [set-cookie, vary]               more response headers that are compared
    why: "..."                             what the step is for, shown next to its differences
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import re
import sys
import tarfile
import time
import urllib.parse
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
NIL_UUID, ZERO_TIME = "00000000-0000-0000-0000-000000000000", "0001-01-01T00:00:00Z"
LONG = 240  # a text longer than this, or under a key in PROSE, is somebody's prose: that there is one counts, not its words
PROSE = {"body_template", "title_template"}
VOLATILE = {
    "queue_wait",
    "latency_ms",
    "logs_length",
    "P50",
    "P95",
    "collected_at",
    "next_start_at",
}
HEADERS = (
    "content-type",
    "location",
    "retry-after",
    "www-authenticate",
    "etag",
    "content-disposition",
    "allow",
)


class Scenario:
    def __init__(self, path: Path):
        self.path, self.name = path, path.stem
        data = yaml.safe_load(path.read_text())
        self.about, self.steps = data.get("about", ""), data["steps"]
        ids = [step["id"] for step in self.steps]
        if len(set(ids)) != len(ids):
            raise SystemExit(
                f"{path}: step ids are not unique: {sorted({i for i in ids if ids.count(i) > 1})}"
            )

    @property
    def recording(self) -> Path:
        return self.path.parent.parent / "recorded" / f"{self.name}.json"


def dig(body: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        if isinstance(body, list):
            body = (
                body[int(part)]
                if part.lstrip("-").isdigit() and -len(body) <= int(part) < len(body)
                else None
            )
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


def picked(body: Any, dotted: str) -> Any:
    """The value at a dotted path; with a `*` for list items, the distinct values in order of appearance."""
    before, star, after = dotted.partition("*")
    if not star:
        return dig(body, dotted)
    items = dig(body, before.rstrip(".")) if before else body
    found: list[Any] = []
    for item in items if isinstance(items, list) else []:
        value = dig(item, after.lstrip(".")) if after else item
        if value not in found:
            found.append(value)
    return found


def masked(value: Any, paths: list[str], at: str = "") -> Any:
    if at and value is not None and any(fnmatchcase(at, path) for path in paths):
        return f"<{type(value).__name__}>"
    if isinstance(value, list):
        return [
            masked(item, paths, f"{at}.{index}" if at else str(index))
            for index, item in enumerate(value)
        ]
    if isinstance(value, dict):
        return {
            key: masked(item, paths, f"{at}.{key}" if at else key) for key, item in value.items()
        }
    return value


def fill(value: Any, saved: dict[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(
            r"\{\{|\}\}|\{(\w+)\}",
            lambda m: m[0][0] if m[1] is None else str(saved.get(m[1], m[0])),
            value,
        )
    if isinstance(value, list):
        return [fill(item, saved) for item in value]
    if isinstance(value, dict):
        return {fill(key, saved): fill(item, saved) for key, item in value.items()}
    return value


def tar(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text.encode()), 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def zipped(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()


class Session:
    """One run of one scenario against one server."""

    def __init__(self, target: str):
        self.url = urllib.parse.urlsplit(target.rstrip("/"))
        self.saved: dict[str, str] = {}

    def call(self, step: dict[str, Any]) -> dict[str, Any]:
        method, path = fill(step["request"], self.saved).split(" ", 1)
        path = path[1:] if path.startswith("//") else "/api/v2" + path
        headers, body = (
            {k: str(fill(v, self.saved)) for k, v in step.get("headers", {}).items()},
            None,
        )
        if "body" in step:
            body, kind = json.dumps(fill(step["body"], self.saved)).encode(), "application/json"
        elif "tar" in step:
            body, kind = tar(step["tar"]), "application/x-tar"
        elif "zip" in step:
            body, kind = zipped(step["zip"]), "application/zip"
        elif "raw" in step:
            body, kind = step["raw"].encode(), "application/json"
        if body is not None:
            headers.setdefault("Content-Type", step.get("content_type", kind))
        who = step.get("as", "admin")
        if who != "none":
            headers.setdefault("Coder-Session-Token", self.saved.get(who, who))
        if "ws" in step:
            headers |= {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "c2l4dGVlbiBieXRlcyE9PQ==",
            }
        connection = http.client.HTTPConnection(
            self.url.hostname or "", self.url.port or 80, timeout=30
        )
        try:
            connection.request(
                method, urllib.parse.quote(path, safe="/?&=%:,+@!$'()*;~[]"), body, headers
            )
            answer = connection.getresponse()
            if "ws" in step and answer.status == 101:
                content = messages(answer, connection, step)
            else:
                content = events(answer, step["sse"]) if "sse" in step else answer.read()
        finally:
            connection.close()
        seen = {
            h: ", ".join(sorted(answer.headers.get_all(h, [])))
            for h in (*HEADERS, *step.get("also", []))
        }
        return {
            "status": answer.status,
            "headers": {h: v for h, v in seen.items() if v},
            "body": decode(content),
        }

    def run(self, step: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            answer = self.call(step)
            wanted = step.get("until", {})
            if all(
                dig(answer["body"], path) in (value if isinstance(value, list) else [value])
                for path, value in wanted.items()
            ):
                if wanted and "sse" not in step:
                    answer = self.call(
                        step
                    )  # once more: the first one may have been read while the change was being written
                break
            if time.monotonic() > deadline:
                answer["until"] = f"never reached {wanted}"
                break
            time.sleep(0.2)
        for name, path in step.get("save", {}).items():
            value = dig(answer["body"], path)
            if value is not None:
                self.saved[name] = str(value)
        for path, by in step.get("sort", {}).items():
            if isinstance(items := dig(answer["body"], path) if path else answer["body"], list):
                items.sort(
                    key=lambda item: [
                        str(dig(item, part)) for part in ([by] if isinstance(by, str) else by)
                    ]
                )
        if "pick" in step:
            answer["body"] = {path: picked(answer["body"], path) for path in step["pick"]}
        answer["body"] = masked(answer["body"], step.get("mask", []))
        return {"id": step["id"], "request": step["request"], **self.normal(answer)}

    def normal(self, answer: dict[str, Any]) -> dict[str, Any]:
        names = sorted(
            ((v, k) for k, v in self.saved.items() if len(v) > 7), key=lambda pair: -len(pair[0])
        )

        def text(value: str) -> str:
            for known, name in names:
                value = value.replace(known, f"<{name}>")
            value = UUID.sub(lambda m: m[0] if m[0] == NIL_UUID else "<uuid>", value)
            value = TIME.sub(lambda m: m[0] if m[0] == ZERO_TIME else "<time>", value)
            value = value.replace(f"{self.url.scheme}://{self.url.netloc}", "<target>").replace(
                self.url.netloc, "<host>"
            )
            return value if len(value) <= LONG else "<long text>"

        def walk(value: Any, key: str = "") -> Any:
            if isinstance(value, str):
                return "<long text>" if key in PROSE and value else text(value)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and key in VOLATILE:
                return "<n>"
            if isinstance(value, list):
                return [walk(item, key) for item in value]
            if isinstance(value, dict):
                return {text(k): walk(v, k) for k, v in value.items()}
            return value

        return walk(answer)


def events(answer: http.client.HTTPResponse, count: int) -> bytes:
    found: list[Any] = []
    event, deadline = "message", time.monotonic() + 15
    while len(found) < count and time.monotonic() < deadline and (line := answer.readline()):
        if line.startswith(b"event:"):
            event = line[6:].strip().decode()
        elif line.startswith(b"data:"):
            found.append({"event": event, "data": decode(line[5:].strip())})
    return json.dumps(found).encode()


def messages(
    answer: http.client.HTTPResponse, connection: http.client.HTTPConnection, step: dict[str, Any]
) -> bytes:
    def send(kind: int, data: bytes) -> None:
        connection.sock.sendall(bytes([128 | kind, 128 | len(data), 0, 0, 0, 0]) + data)

    found: list[Any] = []
    closed, part, deadline = None, b"", time.monotonic() + 20
    if "say" in step:
        send(1, step["say"].encode())
    try:
        while (
            len(found) < step["ws"]
            and time.monotonic() < deadline
            and len(head := answer.fp.read(2)) == 2
        ):
            kind, size = head[0] & 15, head[1] & 127
            if size > 125:
                size = int.from_bytes(answer.fp.read(2 if size == 126 else 8), "big")
            data = answer.fp.read(size)
            if kind == 8:
                closed = [int.from_bytes(data[:2], "big"), data[2:].decode()]
                break
            if kind == 9:
                send(10, data)
            elif kind < 8:
                part += data
                if head[0] & 128:
                    found, part = [*found, decode(part)], b""
    except TimeoutError:
        pass
    return json.dumps({"messages": found, "close": closed}).encode()


def decode(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return {"<text>": content[:2000].decode("utf-8", "replace")} if content else None


def differences(real: Any, ours: Any, ignore: list[str], at: str = "") -> list[str]:
    """What differs, as `path: real … ours …` lines; list items are compared by position."""
    if any(fnmatchcase(at, pattern) for pattern in ignore):
        return []
    if isinstance(real, dict) and isinstance(ours, dict):
        found = []
        for key in [*real, *(k for k in ours if k not in real)]:
            path = f"{at}.{key}" if at else key
            if key not in ours or key not in real:
                if not any(fnmatchcase(path, pattern) for pattern in ignore):
                    found.append(
                        f"{path}: {'missing, real has ' + brief(real[key]) if key in real else 'extra, ' + brief(ours[key])}"
                    )
            else:
                found += differences(real[key], ours[key], ignore, path)
        return found
    if isinstance(real, list) and isinstance(ours, list):
        found = (
            []
            if len(real) == len(ours)
            else [f"{at}: {len(real)} items on the real server, {len(ours)} here"]
        )
        for index, (a, b) in enumerate(zip(real, ours, strict=False)):
            found += differences(a, b, ignore, f"{at}.{index}" if at else str(index))
        return found
    return (
        []
        if real == ours and type(real) is type(ours)
        else [f"{at or 'body'}: real {brief(real)}, here {brief(ours)}"]
    )


def brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else text[:157] + "..."


def judge(
    step: dict[str, Any], real: dict[str, Any], ours: dict[str, Any]
) -> tuple[str, list[str]]:
    """`same`, `status` (another status, or the wanted state never came) or `answer` (same status, another answer)."""
    if ours["status"] != real["status"] or "until" in ours:
        return "status", [
            f"real {real['status']}, here {ours['status']} {ours.get('until', '')} {brief(ours['body'])}"
        ]
    found = differences(real["headers"], ours["headers"], step.get("ignore", []), "header")
    found += differences(real["body"], ours["body"], step.get("ignore", []))
    return ("answer" if found else "same"), found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("action", choices=("compare", "record"))
    parser.add_argument("scenario", nargs="+", help="name in scenarios/, or path of a .yaml file")
    parser.add_argument("--target", required=True, help="base URL of a server without users")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.add_argument(
        "--show", type=int, default=8, help="differences shown for a step (default 8)"
    )
    options = parser.parse_args()
    counts, report = {"same": 0, "answer": 0, "status": 0}, []
    for given in options.scenario:
        scenario = Scenario(
            Path(given) if given.endswith(".yaml") else HERE / "scenarios" / f"{given}.yaml"
        )
        session = Session(options.target)
        if options.action == "record":
            answers = [session.run(step) for step in scenario.steps]
            scenario.recording.parent.mkdir(exist_ok=True)
            scenario.recording.write_text(
                "[\n" + ",\n".join(json.dumps(a, ensure_ascii=False) for a in answers) + "\n]\n"
            )
            late = [a["id"] for a in answers if "until" in a]
            print(
                f"{scenario.name}: {len(answers)} answers recorded"
                + (f"; never reached: {late}" if late else "")
            )
            continue
        real = {answer["id"]: answer for answer in json.loads(scenario.recording.read_text())}
        for step in scenario.steps:
            try:
                verdict, found = judge(step, real[step["id"]], session.run(step))
            except (OSError, http.client.HTTPException) as error:
                verdict, found = "status", [f"no answer: {error!r}"]
            counts[verdict] += 1
            report.append(
                {
                    "scenario": scenario.name,
                    "step": step["id"],
                    "request": step["request"],
                    "verdict": verdict,
                    "differences": found,
                }
            )
            if verdict != "same" and not options.json:
                print(
                    f"{scenario.name}/{step['id']}  {step['request']}  [{verdict}]  {step.get('why', '')}"
                )
                for line in found[: options.show]:
                    print(f"    {line}")
                if len(found) > options.show:
                    print(f"    and {len(found) - options.show} more")
    if options.action == "compare":
        total = sum(counts.values())
        print(
            json.dumps({"counts": counts, "steps": report})
            if options.json
            else f"{counts['same']} of {total} answers are the real server's, {counts['answer']} differ, {counts['status']} have another status"
        )
        return 0 if counts["same"] == total else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
