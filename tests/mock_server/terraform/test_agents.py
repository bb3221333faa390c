"""Where agents hang, whether they connect, and what belongs to them."""

from __future__ import annotations

import pytest

from tests.mock_server.terraform.templates import AGENT, agents_of, built

CONTAINER = 'resource "docker_container" "box" {{\n  image = "x"\n  {}\n}}\n'


def held_by(text: str) -> dict[str, list[str]]:
    return {one.name: [agent.name for agent in one.agents] for one in built(text).resources}


@pytest.mark.parametrize(
    "use",
    [
        "env = [\"TOKEN=${coder_agent.main.token}\"]",
        "command = [\"sh\", \"-c\", coder_agent.main.init_script]",
        "env = local.environment",
        "command = [data.template_file.boot.rendered]",
        "boot {\n    script = base64encode(coder_agent.main.init_script)\n  }",
    ],
)  # fmt: skip
def test_an_agent_connects_where_a_machine_uses_its_token_or_init_script(use: str) -> None:
    around = (
        'locals {\n  environment = concat(["A=b"], ["T=${coder_agent.main.token}"])\n}\n'
        'data "template_file" "boot" {\n  template = coder_agent.main.init_script\n}\n'
    )
    (agent,) = agents_of(built(AGENT + around + CONTAINER.format(use)))
    assert agent.connects


@pytest.mark.parametrize("use", ["agent = coder_agent.main.id", "depends_on = [coder_agent.main]"])
def test_an_agent_that_is_only_mentioned_never_connects(use: str) -> None:
    (agent,) = agents_of(built(AGENT + CONTAINER.format(use)))
    assert not agent.connects


def test_a_coder_block_that_shows_the_token_starts_nothing() -> None:
    text = (
        AGENT
        + CONTAINER.format("agent = coder_agent.main.id")
        + (
            'resource "coder_metadata" "m" {\n  resource_id = docker_container.box.id\n'
            '  item {\n    key = "t"\n    value = coder_agent.main.token\n  }\n}'
        )
    )
    (resource,) = built(text, token_for=lambda address: f"token of {address}").resources
    assert resource.metadata[0].value == "token of coder_agent.main"
    assert resource.agents[0].token == "token of coder_agent.main"
    assert not resource.agents[0].connects


def test_an_agent_that_nothing_refers_to_is_nowhere() -> None:
    assert held_by(AGENT + 'resource "terraform_data" "x" {}') == {"x": []}


def test_an_agent_hangs_below_the_nearest_resource_that_refers_to_it() -> None:
    text = AGENT + (
        'resource "terraform_data" "near" {\n  input = coder_agent.main.id\n}\n'
        'resource "terraform_data" "far" {\n  input = terraform_data.near.id\n}'
    )
    assert held_by(text) == {"near": ["main"], "far": []}


def test_a_variable_of_the_environment_is_listed_but_holds_no_agent() -> None:
    text = (
        AGENT
        + CONTAINER.format("a = coder_agent.main.id")
        + (
            'resource "coder_env" "e" {\n  agent_id = coder_agent.main.id\n  name = "A"\n'
            '  value = "1"\n}'
        )
    )
    plan = built(text)
    assert [(one.type, len(one.agents)) for one in plan.resources] == [
        ("docker_container", 1),
        ("coder_env", 0),
    ]
    assert agents_of(plan)[0].env == (("A", "1"),)


def test_resources_come_by_smallest_agent_order_those_without_agent_last() -> None:
    def pair(name: str, order: int) -> str:
        return (
            f'resource "coder_agent" "{name}" {{\n  os = "linux"\n  arch = "arm64"\n'
            f"  order = {order}\n}}\n"
            f'resource "terraform_data" "r-{name}" {{\n  input = coder_agent.{name}.id\n}}\n'
        )

    text = pair("a", 5) + pair("b", 1) + 'resource "terraform_data" "alone" {}'
    assert list(held_by(text)) == ["r-b", "r-a", "alone"]


def test_scripts_come_startup_shutdown_then_the_others() -> None:
    text = (
        'resource "coder_agent" "main" {\n  os = "linux"\n  arch = "amd64"\n'
        '  shutdown_script = "bye"\n  startup_script = <<-EOT\n'
        "    hi ${data.coder_workspace.me.name}\n  EOT\n}\n"
        'resource "coder_script" "s" {\n  agent_id = coder_agent.main.id\n  display_name = "S"\n'
        '  script = "x"\n  run_on_stop = true\n  timeout = 5\n}\n'
    ) + CONTAINER.format("a = coder_agent.main.id")
    (agent,) = agents_of(built(text))
    assert [(one.display_name, one.script, one.timeout_seconds) for one in agent.scripts] == [
        ("Startup Script", "hi dev\n", 0),
        ("Shutdown Script", "bye", 0),
        ("S", "x", 5),
    ]


def test_apps_come_by_order_then_display_name_in_byte_order() -> None:
    def app(slug: str, more: str = "") -> str:
        return (
            f'resource "coder_app" "{slug}" {{\n  agent_id = coder_agent.main.id\n'
            f'  slug = "{slug}"\n  {more}\n}}\n'
        )

    text = (
        AGENT
        + CONTAINER.format("a = coder_agent.main.id")
        + (app("manual") + app("z", 'display_name = "Site"') + app("first", "order = -1"))
    )
    (agent,) = agents_of(built(text))
    assert [one.slug for one in agent.apps] == ["first", "z", "manual"]


def test_metadata_of_counted_resources_goes_to_the_one_with_that_index() -> None:
    text = (
        'resource "terraform_data" "x" {\n  count = 2\n}\n'
        'resource "coder_metadata" "m" {\n  count = 2\n'
        "  resource_id = terraform_data.x[count.index].id\n  daily_cost = count.index + 1\n}"
    )
    plan = built(text)
    assert [(one.address, one.daily_cost) for one in plan.resources] == [
        ("terraform_data.x[0]", 1),
        ("terraform_data.x[1]", 2),
    ]
    assert plan.daily_cost == 3


def test_an_item_without_value_is_left_out_of_builds() -> None:
    text = (
        'resource "terraform_data" "x" {}\nresource "coder_metadata" "m" {\n'
        '  resource_id = terraform_data.x.id\n  item {\n    key = "a"\n  }\n'
        '  item {\n    key = "b"\n    value = 2\n  }\n}'
    )
    (resource,) = built(text).resources
    assert [(item.key, item.value) for item in resource.metadata] == [("b", "2")]


def test_what_is_not_known_is_left_out_of_the_environment() -> None:
    text = (
        'resource "coder_agent" "main" {\n  os = "linux"\n  arch = "amd64"\n  env = {\n'
        '    A = "1"\n    B = null\n    C = docker_container.box.hostname\n    D = [1]\n  }\n}\n'
    )
    other = 'resource "docker_container" "near" {\n  image = coder_agent.main.id\n}\n'
    (agent,) = agents_of(built(text + other + CONTAINER.format("")))
    assert agent.env == (("A", "1"),)


def test_display_apps_keep_their_own_order() -> None:
    text = (
        'resource "coder_agent" "main" {\n  os = "linux"\n  arch = "amd64"\n  display_apps {\n'
        "    web_terminal = true\n    vscode_insiders = true\n    vscode = false\n  }\n}\n"
    )
    (agent,) = agents_of(built(text + CONTAINER.format("a = coder_agent.main.id")))
    assert agent.display_apps == (
        "vscode_insiders",
        "ssh_helper",
        "port_forwarding_helper",
        "web_terminal",
    )


@pytest.mark.parametrize(
    ("more", "behavior", "waits"),
    [
        ("", "non-blocking", False),
        ("login_before_ready = false", "blocking", True),
        ('startup_script_behavior = "blocking"', "blocking", True),
    ],
)
def test_a_startup_script_blocks_the_login_where_the_template_says_so(
    more: str, behavior: str, waits: bool
) -> None:
    text = (
        'resource "coder_agent" "main" {\n  os = "linux"\n  arch = "amd64"\n'
        f'  startup_script = "x"\n  {more}\n}}\n'
    )
    (agent,) = agents_of(built(text + CONTAINER.format("a = coder_agent.main.id")))
    assert agent.startup_script_behavior == behavior
    assert agent.scripts[0].start_blocks_login is waits
    assert agent.login_before_ready is not waits


def test_an_app_with_a_healthcheck_keeps_it() -> None:
    text = AGENT + CONTAINER.format("a = coder_agent.main.id") + (
        'resource "coder_app" "x" {\n  agent_id = coder_agent.main.id\n  slug = "x"\n'
        '  url = "http://localhost"\n  healthcheck {\n    url = "http://localhost/h"\n'
        "    interval = 3\n    threshold = 2\n  }\n}"
    )  # fmt: skip
    (agent,) = agents_of(built(text))
    check = agent.apps[0].healthcheck
    assert (check.url, check.interval, check.threshold) == ("http://localhost/h", 3, 2)


def test_metadata_for_each_element_goes_to_the_element_of_its_key() -> None:
    text = (
        'resource "terraform_data" "x" {\n  for_each = toset(["a", "b"])\n}\n'
        'resource "coder_metadata" "m" {\n  resource_id = terraform_data.x["b"].id\n'
        '  icon = "/i.svg"\n}'
    )
    assert [(one.address, one.icon) for one in built(text).resources] == [
        ('terraform_data.x["a"]', ""),
        ('terraform_data.x["b"]', "/i.svg"),
    ]


def test_metadata_for_nothing_is_noted() -> None:
    text = (
        'resource "terraform_data" "x" {\n  count = 0\n}\n'
        'resource "coder_metadata" "m" {\n  resource_id = one(terraform_data.x[*].id)\n}'
    )
    assert any("describes no resource" in note for note in built(text).notes)
