from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.mock import Mock

SLEEPER = """
terraform {
  required_providers {
    coder = { source = "coder/coder" }
  }
}
data "coder_workspace" "me" {}
data "coder_parameter" "seconds" {
  name    = "seconds"
  type    = "number"
  default = 0
  mutable = true
}
resource "terraform_data" "box" {
  count = data.coder_workspace.me.start_count
  provisioner "local-exec" {
    command = "sleep ${data.coder_parameter.seconds.value}"
  }
}
"""
NOT_FOUND = {"message": "Resource not found or you do not have access to this resource"}


class Player:
    """A mock with a first user, and the few requests that these tests need."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self.org = mock.first_user()["organization_id"]
        self.jobs_path = f"/organizations/{self.org}/provisionerjobs"
        self.daemons_path = f"/organizations/{self.org}/provisionerdaemons"
        self.file = ""

    def upload(self) -> str:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            info = tarfile.TarInfo("main.tf")
            info.size = len(SLEEPER)
            archive.addfile(info, io.BytesIO(SLEEPER.encode()))
        answer = self.mock.post(
            "/files", raw=buffer.getvalue(), headers={"content-type": "application/x-tar"}
        )
        assert answer.status == 201, answer
        return str(answer.json["hash"])

    def version(self, name: str = "v1", **tags: str) -> dict[str, Any]:
        self.file = self.file or self.upload()
        body = {
            "name": name,
            "storage_method": "file",
            "file_id": self.file,
            "provisioner": "terraform",
            "tags": tags,
        }
        answer = self.mock.post(f"/organizations/{self.org}/templateversions", body)
        assert answer.status == 201, answer
        return dict(answer.json)

    def workspace(self, name: str, seconds: int) -> dict[str, Any]:
        """A workspace of a template that is made when first asked for."""
        templates = self.mock.get(f"/organizations/{self.org}/templates").json
        if not templates:
            version = self.version()
            self.mock.advance(5)
            body = {"name": "slow", "display_name": "Slow", "template_version_id": version["id"]}
            answer = self.mock.post(f"/organizations/{self.org}/templates", body)
            assert answer.status == 201, answer
            templates = [answer.json]
        wanted = {
            "name": name,
            "template_id": templates[0]["id"],
            "rich_parameter_values": [{"name": "seconds", "value": str(seconds)}],
        }
        answer = self.mock.post("/users/me/workspaces", wanted)
        assert answer.status == 201, answer
        return dict(answer.json)

    def jobs(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.mock.get(self.jobs_path + query)
        assert answer.status == 200, answer
        return list(answer.json)


@pytest.fixture
def player() -> Iterator[Player]:
    with Mock() as mock:
        yield Player(mock)


def test_a_pending_job_names_those_that_could_take_it_and_nobody_who_did(player: Player) -> None:
    version = player.version()
    (job,) = player.jobs()
    (daemon,) = player.mock.get(player.daemons_path).json
    assert job["id"] == version["job"]["id"]
    assert (job["status"], job["queue_position"], job["queue_size"]) == ("pending", 1, 1)
    assert job["available_workers"] == [daemon["id"]]
    assert not {"worker_id", "worker_name", "started_at", "completed_at"} & job.keys()
    assert "available_workers" not in version["job"]


def test_a_taken_job_names_its_worker_here_and_only_its_id_elsewhere(player: Player) -> None:
    made = player.workspace("one", 30)
    player.mock.advance(1)
    (daemon,) = player.mock.get(player.daemons_path).json
    job = player.mock.get(f"{player.jobs_path}/{made['latest_build']['job']['id']}").json
    assert (job["status"], job["worker_id"], job["worker_name"]) == (
        "running",
        daemon["id"],
        daemon["name"],
    )
    assert "available_workers" not in job
    assert job["metadata"] == {
        "template_version_name": "v1",
        "template_id": made["template_id"],
        "template_name": "slow",
        "template_display_name": "Slow",
        "template_icon": "",
        "workspace_id": made["id"],
        "workspace_name": "one",
    }
    embedded = player.mock.get(f"/workspacebuilds/{made['latest_build']['id']}").json["job"]
    assert embedded["worker_id"] == daemon["id"]
    assert "worker_name" not in embedded
    assert embedded["metadata"]["template_name"] == ""
    assert (daemon["status"], daemon["current_job"]["id"]) == ("busy", job["id"])
    assert daemon["previous_job"]["status"] == "succeeded"


def test_the_list_is_newest_first_and_filters_leave_the_numbers_alone(player: Player) -> None:
    for name in ("one", "two", "three"):
        player.workspace(name, 60)
        player.mock.advance(1)
    player.version("north", zone="north")
    everything = player.jobs()
    assert [job["created_at"] for job in everything] == sorted(
        (job["created_at"] for job in everything), reverse=True
    )
    assert [(job["queue_position"], job["queue_size"]) for job in everything] == [
        (3, 3), (2, 3), (1, 3), (0, 3), (0, 3),
    ]  # fmt: skip
    assert player.jobs("?status=pending") == everything[:3]
    assert player.jobs("?status=pending,running&limit=2") == everything[:2]
    assert player.jobs("?status=running&status=succeeded") == everything[3:]
    assert player.jobs("?limit=0&status=&ids=") == everything
    assert player.jobs('?tags={"zone":"north"}') == everything[:1]
    assert player.jobs('?tags={"scope":"organization","owner":""}') == everything[1:]
    assert player.jobs('?tags={"scope":"organization"}') == everything
    assert player.jobs(f"?ids={everything[4]['id']},{player.org}") == everything[4:]
    assert player.jobs("?status=unknown") == []


@pytest.mark.parametrize(
    ("query", "problems"),
    [
        ("?initiator=me", [("initiator", '"initiator" is not a valid query param')]),
        (
            "?limit=abc",
            [
                (
                    "limit",
                    'Query param "limit" must be a valid 32-bit positive integer: '
                    'strconv.ParseInt: parsing "abc": invalid syntax',
                )
            ],
        ),
        (
            "?zzz=1&tags=zzz&ids=abc&limit=-1",
            [
                (
                    "limit",
                    'Query param "limit" must be a valid 32-bit positive integer: '
                    "value is negative",
                ),
                ("ids", 'Query param "ids" has invalid values: invalid UUID length: 3'),
                (
                    "tags",
                    'Query param "tags" must be a valid JSON object: invalid character '
                    "'z' looking for beginning of value",
                ),
                ("zzz", '"zzz" is not a valid query param'),
            ],
        ),
    ],
)
def test_a_bad_query_is_refused_with_all_its_problems_in_one_order(
    player: Player, query: str, problems: list[tuple[str, str]]
) -> None:
    answer = player.mock.get(player.jobs_path + query)
    assert answer.status == 400
    assert answer.json["message"] == "Invalid query parameters."
    found = [(each["field"], each["detail"]) for each in answer.json["validations"]]
    assert [field for field, _ in found] == [field for field, _ in problems]
    if len(problems) == 1:
        assert found == problems


@pytest.mark.parametrize("suffix", ["", "/00000000-0000-0000-0000-000000000001"])
def test_an_unknown_status_breaks_the_list_and_the_single_job_alike(
    player: Player, suffix: str
) -> None:
    answer = player.mock.get(f"{player.jobs_path}{suffix}?status=bogus")
    assert answer.status == 500
    assert answer.json == {
        "message": "Internal error fetching provisioner jobs.",
        "detail": 'fetch object: pq: invalid input value for enum provisioner_job_status: "bogus"',
    }


def test_a_single_job_obeys_the_filters_and_knows_no_ids(player: Player) -> None:
    id = player.version()["job"]["id"]
    path = f"{player.jobs_path}/{id}"
    assert player.mock.get(path + "?status=pending,running").json["id"] == id
    assert player.mock.get(path + "?status=running").json == NOT_FOUND
    assert player.mock.get(f"{path}?ids={id}").status == 400
    assert player.mock.get(f"{player.jobs_path}/{player.org}").json == NOT_FOUND
    malformed = player.mock.get(f"{player.jobs_path}/abc")
    assert (malformed.status, malformed.json["message"]) == (400, 'Invalid UUID "abc".')


def test_daemons_can_be_filtered_and_know_no_status_parameter(player: Player) -> None:
    (daemon,) = player.mock.get(player.daemons_path).json
    assert (daemon["status"], daemon["current_job"], daemon["previous_job"]) == (
        "idle",
        None,
        None,
    )
    assert player.mock.get(f"{player.daemons_path}?limit=1&ids={daemon['id']}").json == [daemon]
    assert player.mock.get(f"{player.daemons_path}?ids={player.org}").json == []
    assert player.mock.get(player.daemons_path + '?tags={"zone":"north"}').json == []
    assert player.mock.get(player.daemons_path + "?status=idle").status == 400


def test_who_may_not_read_jobs_gets_404_whatever_he_asks(player: Player) -> None:
    body = {
        "email": "mia@example.com",
        "username": "mia",
        "password": "Mock-Password-2!",
        "login_type": "password",
        "organization_ids": [player.org],
    }
    assert player.mock.post("/users", body).status == 201
    player.mock.sign_in("mia@example.com", "Mock-Password-2!")
    for path in (player.jobs_path, player.daemons_path):
        for query in ("", "?limit=abc", "?nonsense=1"):
            answer = player.mock.get(path + query)
            assert (answer.status, answer.json) == (404, NOT_FOUND)


def test_a_log_is_listed_from_an_id_on_and_followed_to_its_end(player: Player) -> None:
    version = player.version()
    path = f"/templateversions/{version['id']}/logs"
    assert player.mock.get(path).json == []
    player.mock.advance(5)
    lines = player.mock.get(path).json
    ids = [line["id"] for line in lines]
    assert ids == sorted(set(ids))
    assert (
        lines[0].items()
        >= {
            "log_source": "provisioner_daemon",
            "log_level": "info",
            "stage": "Setting up",
            "output": "",
        }.items()
    )
    assert player.mock.get(f"{path}?after={ids[3]}").json == lines[4:]
    assert player.mock.get(f"{path}?after=-5&before=1").json == lines
    assert player.mock.get(f"{path}?after=").json == lines
    bad = player.mock.get(f"{path}?after=abc")
    assert bad.json == {
        "message": 'Query param "after" must be an integer.',
        "validations": [{"field": "after", "detail": "Must be an integer"}],
    }
    followed = player.mock.websocket(f"{path}?follow=false&after={ids[3]}", 500)
    assert [json.loads(text) for text in followed.texts] == lines[4:]
    assert followed.close == (1000, "done")
