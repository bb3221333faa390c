"""The first look decides which document a target is held against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coder_contract_tests.probe import choose_document, probe
from coder_contract_tests.target import Target
from coder_contract_tests.transport import Client
from tests.support.contract_server import TOKEN, Reply, TinyCoder, serving


@pytest.fixture
def tiny() -> TinyCoder:
    return TinyCoder()


@pytest.fixture
def client(tiny: TinyCoder) -> Iterator[Client]:
    with serving(tiny) as url:
        one = Client(Target(url, token=TOKEN))
        yield one
        one.close()


def _version(tiny: TinyCoder, version: str) -> None:
    def alter(method: str, target: str, reply: Reply) -> Reply:
        return Reply(200, {"version": version}) if target.endswith("/buildinfo") else reply

    tiny.alter = alter


@pytest.mark.parametrize(
    ("version", "document"),
    [
        ("v0.24.1+abc", "2023-06-20"),
        ("v0.0.0-devel", "2025-05-19"),
        ("v2.22.0-devel+abc", "2025-05-19"),
        ("v3.0.0", "2025-05-19"),
        ("", "2025-05-19"),
    ],
)
def test_the_build_version_chooses_the_document(
    tiny: TinyCoder, client: Client, version: str, document: str
) -> None:
    _version(tiny, version)
    found = probe(client)
    assert found.server_version == version or version == ""
    assert choose_document("", client, found).name == document


def test_the_mock_says_itself_which_document_it_serves(tiny: TinyCoder, client: Client) -> None:
    tiny.headers = {"X-Coder-Mock": "modelled"}

    def alter(method: str, target: str, reply: Reply) -> Reply:
        if target == "/openapi.json":
            return Reply(200, {"info": {"version": "2023-06-20"}}, dict(tiny.headers))
        return reply

    tiny.alter = alter
    found = probe(client)
    assert found.is_mock
    assert choose_document("", client, found).name == "2023-06-20"


def test_a_named_version_wins(client: Client) -> None:
    assert choose_document("2023-06-20", client, probe(client)).version == "2023-06-20"


def test_an_address_with_the_base_path_is_understood(tiny: TinyCoder) -> None:
    with serving(tiny) as url:
        client = Client(Target(f"{url}/api/v2/", token=TOKEN))
        assert probe(client).server_version == "v2.22.0-tiny"
        client.close()
