"""Random lives of a whole deployment: people, templates, workspaces, builds and the clock.

The model knows nothing of the server's code: some thirty lines of facts and what each request does
to them. It predicts exactly, except for what a job does within the second that it runs.
`CODER_MOCK_NIGHTLY=1` makes the walk long.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.mock import Answer, Mock
from tests.support.workbench import FAILING, PASSWORD, PLAIN, Workbench

NIGHTLY = os.environ.get("CODER_MOCK_NIGHTLY", "") == "1"
EXAMPLES, STEPS = (200, 50) if NIGHTLY else (8, 30)
DONE = {"start": "running", "stop": "stopped", "delete": "deleted"}
OPEN = frozenset({"pending", "starting", "stopping", "deleting", "canceling"})
BROKEN = 'resource "terraform_data" "box" { input = var.nowhere }'
SETTLED = 200.0
"""Mock seconds in which every job ends and the server's own rounds have come by twice."""
DOUBT = timedelta(minutes=3)

PEOPLE = st.sampled_from(["ann", "bob", "cyd"])
NAMES = st.sampled_from(["ant", "bee"])
TEMPLATES = st.sampled_from(["plain", "failing"])
PICK = st.integers(0, 7)


@dataclass
class Person:
    id: str
    status: str = "dormant"


@dataclass
class Version:
    id: str
    source: str
    status: str = "pending"

    @property
    def result(self) -> str:
        return "failed" if self.source == BROKEN else "succeeded"


@dataclass
class Template:
    id: str
    source: str
    active: str
    versions: list[Version] = field(default_factory=list)


@dataclass
class Workspace:
    id: str
    owner: str
    name: str
    template: str
    version: str
    transition: str = "start"
    builds: int = 1
    status: str = "pending"
    """As last told; while the build is open it may have gone on since."""
    is_dormant: bool = False
    ttl: timedelta | None = None
    deadline: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class Deployment(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        # A server of its own, so that a walk comes out the same whatever was before.
        self.mock = Mock()
        self.bench = Workbench(self.mock)
        self.people: dict[str, Person] = {}
        self.templates: dict[str, Template] = {}
        self.workspaces: list[Workspace] = []
        for name, source in (("plain", PLAIN), ("failing", FAILING)):
            id = self.bench.template(source, name=name)
            active = self.mock.get(f"/templates/{id}").json["active_version_id"]
            versions = [Version(active, source, "succeeded")]
            self.templates[name] = Template(id, source, active, versions)

    def teardown(self) -> None:
        self.mock.close()

    # --- people

    @rule(name=PEOPLE)
    def create_person(self, name: str) -> None:
        body = {
            "email": f"{name}@example.com",
            "username": name,
            "password": PASSWORD,
            "organization_ids": [self.bench.organization],
        }
        answer = self.mock.post("/users", body)
        if name in self.people:
            assert (answer.status, answer.message) == (409, "User already exists.")
            return
        assert answer.status == 201
        self.people[name] = Person(answer.json["id"])

    @rule(name=PEOPLE, verb=st.sampled_from(["suspend", "activate"]))
    def put_status(self, name: str, verb: str) -> None:
        answer = self.mock.put(f"/users/{name}/status/{verb}")
        assert answer.status == (200 if name in self.people else 400)
        if name in self.people:
            self.people[name].status = "suspended" if verb == "suspend" else "active"

    @rule(name=PEOPLE)
    def delete_person(self, name: str) -> None:
        answer = self.mock.delete(f"/users/{name}")
        if name not in self.people:
            assert answer.status == 400
        elif self.of(name):
            assert answer.status == 417
        else:
            assert answer.status == 200
            del self.people[name]

    @rule(name=PEOPLE)
    def sign_in(self, name: str) -> None:
        body = {"email": f"{name}@example.com", "password": PASSWORD}
        answer = self.mock.post("/users/login", body, token="")
        person = self.people.get(name)
        if person is None or person.status == "suspended":
            assert answer.status == 401
            return
        assert answer.status == 201
        person.status = "active"
        token = answer.json["session_token"]
        seen = self.mock.get("/workspaces", token=token).json
        assert {one["name"] for one in seen["workspaces"]} == {w.name for w in self.of(name)}

    # --- templates

    @rule(name=TEMPLATES, breaks=st.booleans())
    def push_version(self, name: str, breaks: bool) -> None:
        template = self.templates.get(name)
        if template is None or len(template.versions) > 4:
            return
        source = BROKEN if breaks else template.source
        made = self.bench.pending_version(source, template.id)
        template.versions.append(Version(made, source))

    @rule(name=TEMPLATES, pick=PICK)
    def promote(self, name: str, pick: int) -> None:
        template = self.templates.get(name)
        if template is None:
            return
        version = template.versions[pick % len(template.versions)]
        answer = self.mock.patch(f"/templates/{template.id}/versions", {"id": version.id})
        self.learn()
        assert answer.status == (200 if version.status == "succeeded" else 403)
        if answer.status == 200:
            template.active = version.id

    @rule(name=TEMPLATES)
    def delete_template(self, name: str) -> None:
        template = self.templates.get(name)
        if template is None:
            return
        answer = self.mock.delete(f"/templates/{template.id}")
        if any(one.template == name for one in self.workspaces):
            assert answer.status == 400
            return
        assert answer.status == 200
        assert self.mock.get(f"/templates/{template.id}").status == 404
        del self.templates[name]

    # --- workspaces

    @rule(owner=PEOPLE, name=NAMES, template=TEMPLATES)
    def create_workspace(self, owner: str, name: str, template: str) -> None:
        person, known = self.people.get(owner), self.templates.get(template)
        if person is None or person.status == "suspended" or known is None:
            return
        answer = self.mock.post(
            f"/users/{owner}/workspaces", {"name": name, "template_id": known.id}
        )
        if name in {one.name for one in self.of(owner)}:
            assert answer.status == 409
            return
        assert answer.status == 201, answer
        assert answer.json["latest_build"]["build_number"] == 1
        self.workspaces.append(Workspace(answer.json["id"], owner, name, template, known.active))

    @precondition(lambda self: self.workspaces)
    @rule(pick=PICK, transition=st.sampled_from(["start", "start", "stop", "delete"]))
    def build(self, pick: int, transition: str) -> None:
        one = self.workspace(pick)
        answer = self.bench.build(one.id, transition)
        if one.is_open:
            # The open build is seen before the dormancy.
            assert (answer.status, answer.message) == (409, "A workspace build is already active.")
        elif transition == "start" and one.is_dormant:
            assert answer.status == 403
        else:
            self.built(one, transition, answer)

    @precondition(lambda self: self.workspaces)
    @rule(pick=PICK)
    def update(self, pick: int) -> None:
        one = self.workspace(pick)
        if one.is_open or one.is_dormant:
            return
        version = self.templates[one.template].active
        answer = self.bench.build(one.id, "start", template_version_id=version)
        self.built(one, "start", answer)
        one.version = version

    def built(self, one: Workspace, transition: str, answer: Answer) -> None:
        assert answer.status == 201, answer
        one.builds += 1
        assert answer.json["build_number"] == one.builds
        one.transition, one.status, one.deadline = transition, "pending", None

    @precondition(lambda self: self.workspaces)
    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        one = self.workspace(pick)
        build = self.seen(one)["latest_build"]
        answer = self.mock.patch(f"/workspacebuilds/{build['id']}/cancel")
        if not one.is_open:
            assert (answer.status, answer.message) == (400, "Job has already completed!")
        elif one.status == "canceling":
            assert answer.message == "Job has already been marked as canceled!"
        else:
            assert answer.status == 200
            one.status = "canceled" if build["job"]["status"] == "pending" else "canceling"

    @precondition(lambda self: self.workspaces)
    @rule(pick=PICK, hours=st.sampled_from([None, 1, 8]))
    def put_ttl(self, pick: int, hours: int | None) -> None:
        one = self.workspace(pick)
        one.ttl = None if hours is None else timedelta(hours=hours)
        ms = None if hours is None else hours * 3_600_000
        assert self.mock.put(f"/workspaces/{one.id}/ttl", {"ttl_ms": ms}).status == 204
        self.learn_deadlines()

    @precondition(lambda self: self.workspaces)
    @rule(pick=PICK, is_dormant=st.booleans())
    def put_dormant(self, pick: int, is_dormant: bool) -> None:
        one = self.workspace(pick)
        answer = self.mock.put(f"/workspaces/{one.id}/dormant", {"dormant": is_dormant})
        assert answer.status == (304 if one.is_dormant is is_dormant else 200)
        one.is_dormant = is_dormant
        self.learn_deadlines()

    # --- the clock

    @rule(seconds=st.sampled_from([0.01, 0.3, 0.7, 2.0]))
    def tick(self, seconds: float) -> None:
        self.mock.advance(seconds)
        self.learn()

    @rule()
    def settle(self) -> None:
        self.pass_time(timedelta())

    @rule(hours=st.sampled_from([1, 3, 9]))
    def leap(self, hours: int) -> None:
        self.pass_time(timedelta(hours=hours))

    def pass_time(self, leap: timedelta) -> None:
        """First let what is under way end, so that deadlines are known; then jump."""
        for seconds in (SETTLED, leap.total_seconds() + SETTLED) if leap else (SETTLED,):
            self.mock.advance(seconds)
            self.end_jobs()
            self.stop_what_is_over(self.mock.clock.now())
            self.learn_deadlines()

    def end_jobs(self) -> None:
        """Every job that was open has ended as it must."""
        for template in self.templates.values():
            for version in template.versions:
                version.status = version.result
        for one in list(self.workspaces):
            if one.status == "canceling":
                # It may have been too late to stop it.
                status = self.seen(one)["latest_build"]["status"]
                assert status in ("canceled", "failed", *self.stopped_meanwhile(one))
                one.status = "failed" if status == "stopped" else status
            elif one.is_open:
                fails = one.template == "failing" and one.transition == "start"
                one.status = "failed" if fails else DONE[one.transition]
                one.deadline = None
            if self.mock.get(f"/workspaces/{one.id}").status == 410:
                assert one.transition == "delete"
                self.workspaces.remove(one)

    def stopped_meanwhile(self, one: Workspace) -> tuple[str, ...]:
        return ("stopped",) if self.people[one.owner].status == "suspended" else ()

    def stop_what_is_over(self, now: datetime) -> None:
        """The server stops what is started past its deadline, or of a suspended owner."""
        for one in self.workspaces:
            if one.transition != "start" or one.is_dormant or one.status == "failed":
                continue
            must = self.people[one.owner].status == "suspended"
            may = must
            if one.deadline is not None:
                must = must or one.deadline < now - DOUBT
                may = must or one.deadline <= now
            was_stopped = self.seen(one)["latest_build"]["build_number"] > one.builds
            assert was_stopped or not must, one
            assert may or not was_stopped, one
            self.take_in_stop(one)

    def take_in_stop(self, one: Workspace) -> None:
        """The server may have stopped it by itself, which it says."""
        build = self.seen(one)["latest_build"]
        if build["build_number"] > one.builds:
            assert (build["reason"], build["transition"]) == ("autostop", "stop")
            one.builds, one.transition, one.deadline = one.builds + 1, "stop", None
            one.status = build["status"]

    # --- what is looked at

    def of(self, owner: str) -> list[Workspace]:
        return [one for one in self.workspaces if one.owner == owner]

    def workspace(self, pick: int) -> Workspace:
        return self.workspaces[pick % len(self.workspaces)]

    def seen(self, one: Workspace) -> Any:
        return self.bench.seen(one.id)

    def learn(self) -> None:
        """Jobs may have gone on, but only forwards and to the end that they must take."""
        for one in list(self.workspaces):
            is_over = one.deadline is not None and one.deadline <= self.mock.clock.now()
            if is_over or self.people[one.owner].status == "suspended":
                self.take_in_stop(one)
            if not one.is_open:
                continue
            status = self.seen(one)["latest_build"]["status"]
            if one.status == "canceling":
                assert status in ("canceling", "canceled", "failed")
            elif one.status != "pending":
                assert status != "pending"
            if status not in OPEN and one.status != "canceling":
                fails = one.template == "failing" and one.transition == "start"
                assert status == ("failed" if fails else DONE[one.transition])
            one.status = status
            if self.mock.get(f"/workspaces/{one.id}").status == 410:
                assert one.transition == "delete"
                self.workspaces.remove(one)
        for template in self.templates.values():
            for version in template.versions:
                path = f"/templateversions/{version.id}"
                status = self.mock.get(path).json["job"]["status"]
                assert status in ("pending", "running", version.result)
                version.status = status
        self.learn_deadlines()

    def learn_deadlines(self) -> None:
        """A started workspace has a deadline just as long as it has a time to live."""
        for one in self.workspaces:
            if one.status == "running":
                told = self.seen(one)["latest_build"].get("deadline")
                one.deadline = None if told is None else datetime.fromisoformat(told)

    @invariant()
    def people_are_who_they_are(self) -> None:
        found = self.mock.get("/users").json
        shown = {one["username"]: one["status"] for one in found["users"]}
        assert shown.pop("admin") == "active"
        assert shown.keys() == self.people.keys()
        for name, person in self.people.items():
            # Who does not sign in falls asleep again.
            asleep = ("active", "dormant")
            assert shown[name] in (asleep if person.status in asleep else (person.status,))
        assert found["count"] == len(self.people) + 1

    @invariant()
    def templates_are_what_they_are(self) -> None:
        shown = {one["id"]: one["active_version_id"] for one in self.mock.get("/templates").json}
        assert shown == {one.id: one.active for one in self.templates.values()}
        for one in self.templates.values():
            versions = self.mock.get(f"/templates/{one.id}/versions").json
            assert [v["id"] for v in versions] == [v.id for v in one.versions]

    @invariant()
    def workspaces_are_what_they_are(self) -> None:
        found = self.mock.get("/workspaces?q=").json
        shown = {row["id"]: row for row in found["workspaces"]}
        assert found["count"] == len(shown) == len(self.workspaces)
        for one in self.workspaces:
            row = shown[one.id]
            build = row["latest_build"]
            assert (row["owner_name"], row["name"]) == (one.owner, one.name)
            assert build["build_number"] == one.builds
            assert build["transition"] == one.transition
            assert build["status"] == one.status
            assert row["outdated"] is (one.version != self.templates[one.template].active)
            assert bool(row["dormant_at"]) is one.is_dormant
            assert row.get("ttl_ms") == (one.ttl and one.ttl.total_seconds() * 1000)

    @invariant()
    def the_line_is_numbered(self) -> None:
        at = f"/organizations/{self.bench.organization}/provisionerjobs"
        waiting = self.mock.get(f"{at}?status=pending&limit=100").json
        places = [job["queue_position"] for job in reversed(waiting)]
        assert places == list(range(1, len(places) + 1))
        assert not any("worker_id" in job for job in waiting)
        assert len(self.mock.get(f"{at}?status=running&limit=100").json) <= 1


def test_a_deployment_lives_as_its_model_says() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Deployment,
        settings=settings(
            deadline=None,
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )
