"""Sends a scenario's steps to a server and gives the answers in normal form."""

from __future__ import annotations

import io
import json
import tarfile
import time
import zipfile
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from coder_contract_tests.errors import Unreachable
from coder_contract_tests.exchange import TOKEN_HEADER
from coder_contract_tests.recordings import streams
from coder_contract_tests.recordings.normal import Normal
from coder_contract_tests.recordings.recording import Answer
from coder_contract_tests.recordings.scenario import Scenario, Step
from coder_contract_tests.recordings.values import dig, fill, in_order, masked, picked
from coder_contract_tests.transport import Client, Raw

HEADERS = (
    "content-type",
    "location",
    "retry-after",
    "www-authenticate",
    "etag",
    "content-disposition",
    "allow",
)
USUAL = "admin"
"""Whose token a step sends that does not say; the target's own where no step saved it."""
POLL_SECONDS = 0.2
_UNQUOTED = "/?&=%:,+@!$'()*;~[]"


class Player:
    """One run of one scenario against one server."""

    def __init__(
        self,
        client: Client,
        scenario: Scenario,
        *,
        settle_seconds: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.saved: dict[str, str] = {}
        self._client = client
        self._scenario = scenario
        self._settle = settle_seconds
        self._sleep = sleep

    def play(self, step: Step) -> Answer:
        """Send a step, as often as it waits for something, and give its answer."""
        late = ""
        try:
            answer = self._sent(step)
            waited = 0.0
            while not _is_reached(step.until, answer["body"]):
                # A session that is refused will still be refused a minute later.
                if waited >= self._settle or answer["status"] == 401:
                    late = f"never reached {dict(step.until)} within {self._settle:g} s"
                    break
                self._sleep(POLL_SECONDS)
                waited += POLL_SECONDS
                answer = self._sent(step)
            if step.until and not late and not step.sse:
                # Once more: the first may have been read while the change was being written.
                answer = self._sent(step)
        except Unreachable as error:
            answer, late = {"status": 0, "headers": {}, "body": None}, str(error)
        for name, path in step.save.items():
            value = dig(answer["body"], path)
            if value is not None:
                self._save(name, str(value), path)
        return self._answer(step, answer, late)

    def _save(self, name: str, value: str, path: str) -> None:
        self.saved[name] = value
        if path.rsplit(".", 1)[-1] in {"session_token", "key", "value"}:
            self._client.masker.learn(value)

    def _sent(self, step: Step) -> dict[str, Any]:
        path, _, query = fill(step.path, self.saved).partition("?")
        headers, body = self._headers(step), _body(step, self.saved)
        if body is not None and not any(name.lower() == "content-type" for name, _ in headers):
            headers += (("Content-Type", step.content_type or body[1]),)
        whole = self._client.target.prefix + quote(path, safe=_UNQUOTED)
        content = body[0] if body else None
        asked = quote(query, safe=_UNQUOTED)
        if not (step.sse or step.ws):
            reply = self._client.raw(step.method, whole, query=asked, headers=headers, body=content)
            return {
                "status": reply.status,
                "headers": _compared(reply, step),
                "body": streams.decoded(reply.content),
            }
        if step.ws:
            headers += streams.UPGRADE
        connection, response = self._client.open(
            step.method, whole, query=asked, headers=headers, body=content
        )
        try:
            found: Any
            if step.ws and response.status == 101:
                found = streams.messages(connection, response, step.ws, step.say)
            elif step.sse:
                found = streams.events(response, step.sse)
            else:
                found = streams.decoded(response.read())
            reply = Raw(response.status, tuple(response.getheaders()), b"", "")
        except OSError as error:
            raise Unreachable(f"{self._client.target.origin}: {error}") from error
        finally:
            connection.close()
        return {"status": reply.status, "headers": _compared(reply, step), "body": found}

    def _headers(self, step: Step) -> tuple[tuple[str, str], ...]:
        headers = tuple(
            (name, str(fill(value, self.saved))) for name, value in step.headers.items()
        )
        given = {name.lower() for name, _ in headers}
        if "user-agent" not in given:
            # Answers that repeat it must not depend on who asks.
            headers += (("User-Agent", ""),)
        if step.as_ == "none" or TOKEN_HEADER.lower() in given:
            return headers
        if step.as_:
            who = self.saved.get(step.as_, step.as_)
        else:
            who = self.saved.get(USUAL) or self._client.token or USUAL
        return (*headers, (TOKEN_HEADER, who))

    def _answer(self, step: Step, answer: dict[str, Any], late: str) -> Answer:
        body = answer["body"]
        in_order(body, step.sort)
        if step.pick:
            body = {path: picked(body, path) for path in step.pick}
        normal = Normal(self.saved, self._client.target.origin, self._client.masker)
        found = {
            "id": step.id,
            "request": step.request,
            "status": answer["status"],
            "headers": normal(answer["headers"]),
            "body": normal(masked(body, step.mask)),
        }
        return {**found, "until": late} if late else found


def _is_reached(wanted: Mapping[str, Any], body: Any) -> bool:
    return all(
        dig(body, path) in (value if isinstance(value, list) else [value])
        for path, value in wanted.items()
    )


def _compared(reply: Raw, step: Step) -> dict[str, str]:
    """The headers that count, in lower case; several of one name are joined in order."""
    found = {}
    for name in (*HEADERS, *step.also):
        values = sorted(value for key, value in reply.headers if key.lower() == name.lower())
        if values:
            found[name] = ", ".join(values)
    return found


def _body(step: Step, saved: Mapping[str, str]) -> tuple[bytes, str] | None:
    """The body of a step and its usual media type."""
    if step.has_body:
        return json.dumps(fill(step.body, saved)).encode(), "application/json"
    if step.tar is not None:
        return _tar(step.tar), "application/x-tar"
    if step.zip is not None:
        return _zip(step.zip), "application/zip"
    if step.raw is not None:
        return step.raw.encode(), "application/json"
    return None


def _tar(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text.encode()), 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def _zip(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()
