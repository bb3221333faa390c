from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coder_mock_server.domain import records as r
from coder_mock_server.domain.builder import fits_without_asking
from coder_mock_server.domain.presets import preset_id
from coder_mock_server.errors import ApiError
from coder_mock_server.policy import policy_for
from coder_mock_server.terraform.model import ImportResult, Parameter, Preset
from tests.support.world import BOX, Stage

NAMES = ("alpha", "Beta", "gamma", "delta")
VALUES = st.sampled_from(["", "one", "two", "three"])
GIVEN = st.dictionaries(st.sampled_from((*NAMES, "unknown")), VALUES)


class Bench:
    """A stage with one template whose parameters are given as records."""

    def __init__(self, *parameters: Parameter, presets: tuple[Preset, ...] = ()) -> None:
        self.stage = Stage()
        self.version = self.stage.version()
        self.stage.advance(5)
        self.template = self.stage.template_of(self.version)
        found = ImportResult(parameters=parameters, presets=presets)
        self.stage.state.imports[self.version.id] = found

    def workspace(self, **values: str) -> r.Workspace:
        workspace = self.stage.workspace(self.template, parameters=values)
        self.stage.advance(5)
        return workspace

    def build(self, workspace: r.Workspace, **options: Any) -> dict[str, str]:
        """The values of another build, which is over."""
        build = self.stage.build(workspace, "start", **options)
        self.stage.advance(5)
        assert [name for name, _ in build.parameters] == sorted(dict(build.parameters))
        return dict(build.parameters)


@st.composite
def optional_parameters(draw: st.DrawFn) -> tuple[Parameter, ...]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    return tuple(
        Parameter(
            name,
            mutable=True,
            ephemeral=draw(st.booleans()),
            default_value=draw(st.sampled_from(["", "default"])),
        )
        for name in names
    )


@settings(deadline=None, max_examples=40)
@given(
    parameters=optional_parameters(),
    first=GIVEN,
    requests=st.lists(st.tuples(GIVEN, GIVEN, st.booleans()), max_size=3),
)
def test_each_value_is_the_presets_the_requests_the_last_builds_or_the_default(
    parameters: tuple[Parameter, ...],
    first: dict[str, str],
    requests: list[tuple[dict[str, str], dict[str, str], bool]],
) -> None:
    presets = tuple(
        Preset(f"preset {place}", tuple(preset.items()))
        for place, (_, preset, _) in enumerate(requests)
    )
    bench = Bench(*parameters, presets=presets)
    workspace = bench.workspace(**first)
    last = dict(bench.stage.state.latest_build(workspace.id).parameters)
    assert last == {p.name: first.get(p.name, p.default_value) for p in parameters}
    for place, (request, preset, with_preset) in enumerate(requests):
        expected = {}
        for parameter in parameters:
            name = parameter.name
            sources = [preset] if with_preset else []
            sources.append(request)
            if not parameter.ephemeral:
                sources.append(last)
            sources.append({name: parameter.default_value})
            expected[name] = next(source[name] for source in sources if name in source)
        chosen = preset_id(bench.version.id, f"preset {place}") if with_preset else None
        last = bench.build(workspace, parameters=request, preset_id=chosen)
        assert last == expected


def test_numbers_of_builds_are_counted_for_each_workspace() -> None:
    bench = Bench()
    one, other = bench.workspace(), bench.workspace()
    for _ in range(2):
        bench.build(one)
    numbers = {
        w.id: [b.build_number for b in bench.stage.state.builds.by("workspace", w.id)]
        for w in (one, other)
    }
    assert numbers == {one.id: [1, 2, 3], other.id: [1]}


def test_the_first_refused_parameter_in_display_order_is_told() -> None:
    bench = Bench(
        Parameter("last", required=True, mutable=True, order=2),
        Parameter("Middle", required=True, mutable=True, order=1),
        Parameter("first", required=True, mutable=True, order=1),
    )
    with pytest.raises(ApiError) as refused:
        bench.workspace()
    assert refused.value.message == 'Unable to validate parameter "first"'


def test_a_build_whose_request_is_refused_leaves_nothing() -> None:
    bench = Bench(Parameter("size", type="number", default_value="1", mutable=True))
    workspace = bench.workspace()
    state = bench.stage.state
    before = len(state.jobs), len(state.builds)
    with pytest.raises(ApiError):
        bench.build(workspace, parameters={"size": "many"})
    assert (len(state.jobs), len(state.builds)) == before


def test_2023_tells_only_what_is_wrong_with_a_value() -> None:
    size = Parameter("size", type="number", default_value="1", validation_max=8, mutable=True)
    bench = Bench(size)
    bench.stage.world.policy = policy_for("2023-06-20")
    with pytest.raises(ApiError) as refused:
        bench.workspace(size="99")
    text = "value 99 is more than the maximum 8"
    assert (refused.value.message, refused.value.detail) == (text, text)


def test_an_owner_keeps_jobs_of_scope_user_to_himself() -> None:
    bench = Bench()
    job = bench.stage.job(bench.version.job_id)
    stranger = (("owner", "somebody"), ("scope", "user"))
    bench.stage.write(lambda: bench.stage.state.jobs.put(replace(job, tags=stranger)))
    workspace = bench.stage.workspace(bench.template)
    build = bench.stage.state.latest_build(workspace.id)
    tags = dict(bench.stage.job(build.job_id).tags)
    assert tags == {"owner": workspace.owner_id, "scope": "user"}


def test_a_state_is_handed_on_until_an_orphan_forgets_it() -> None:
    bench = Bench()
    workspace = bench.workspace()
    state = bench.stage.state
    last = state.latest_build(workspace.id)
    assert last.state
    following = bench.stage.build(workspace, "stop")
    assert following.state == last.state
    bench.stage.advance(5)
    assert bench.stage.build(workspace, "delete", orphan=True).state is None


def test_a_version_fits_when_no_value_is_missing() -> None:
    bench = Bench(Parameter("kept", required=True, mutable=True))
    workspace = bench.workspace(kept="x")
    state = bench.stage.state
    assert fits_without_asking(state, workspace, bench.version.id)
    more = (Parameter("kept", required=True), Parameter("extra", required=True))
    state.imports[bench.version.id] = ImportResult(parameters=more)
    assert not fits_without_asking(state, workspace, bench.version.id)


@pytest.mark.parametrize("attached", [True, False])
def test_a_version_of_another_template_is_refused(attached: bool) -> None:
    bench = Bench()
    workspace = bench.workspace()
    foreign = bench.stage.version()
    bench.stage.advance(5)
    other = bench.stage.template_of(foreign).id if attached else r.NIL_UUID
    with pytest.raises(ApiError) as refused:
        bench.build(workspace, version_id=foreign.id)
    valid = "true" if attached else "false"
    assert refused.value.detail == (
        f"templateVersion.TemplateID = {{UUID:{other} Valid:{valid}}}, "
        f"template.ID = {bench.template.id}"
    )


TAGGED = (
    BOX
    + """
data "coder_parameter" "label" {
  name    = "zone"
  default = "eu"
}
data "coder_workspace_tags" "tags" {
  tags = {
    "zone" = data.coder_parameter.%s.value
  }
}
"""
)


def test_a_tag_by_a_label_that_is_no_parameters_name_stops_the_build() -> None:
    stage = Stage()
    template = stage.template(TAGGED % "label")
    with pytest.raises(ApiError) as refused:
        stage.workspace(template)
    assert refused.value.message == "failed to evaluate workspace tag value"
    assert 'element with the key "label"' in refused.value.detail


def test_a_version_without_a_file_adds_no_tags() -> None:
    bench = Bench()
    bench.stage.state.modules.clear()
    build = bench.stage.state.latest_build(bench.stage.workspace(bench.template).id)
    assert dict(bench.stage.job(build.job_id).tags) == {"owner": "", "scope": "organization"}
