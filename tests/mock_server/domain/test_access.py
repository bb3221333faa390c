"""Who may do what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coder_mock_server.domain.access import (
    ACTIONS,
    ORGANIZATION_ROLES,
    SITE_ROLES,
    Subject,
    Thing,
    may,
    may_assign,
    may_assign_in,
)

ME, OTHER, HOME, AWAY = "me", "other", "home", "away"


def subject(*roles: str, organization: tuple[str, ...] = ()) -> Subject:
    return Subject(ME, roles, ((HOME, organization),), frozenset({HOME}))


@pytest.mark.parametrize("type", sorted(ACTIONS))
def test_an_owner_may_do_everything_but_use_dormant_workspaces(type: str) -> None:
    allowed = {action for action in ACTIONS[type] if may(subject("owner"), action, Thing(type))}
    own_agents = {"create_agent", "delete_agent"}
    missing = {
        "workspace": own_agents,
        "workspace_dormant": own_agents | {"application_connect", "ssh", "start"},
    }
    assert allowed == ACTIONS[type] - missing.get(type, set())


@given(
    st.lists(st.sampled_from(sorted(SITE_ROLES))),
    st.lists(st.sampled_from(sorted(ORGANIZATION_ROLES))),
    st.text(),
    st.text(),
)
def test_nobody_may_do_what_does_not_exist(
    site: list[str], organization: list[str], type: str, action: str
) -> None:
    who = subject(*site, organization=tuple(organization))
    if action not in ACTIONS.get(type, ()):
        assert not may(who, action, Thing(type, HOME, ME))


@given(st.sampled_from(sorted(ACTIONS)), st.sampled_from(sorted(SITE_ROLES)), st.data())
def test_another_role_never_takes_a_right_away(type: str, role: str, data: st.DataObject) -> None:
    action = data.draw(st.sampled_from(sorted(ACTIONS[type])))
    thing = Thing(type, data.draw(st.sampled_from([None, HOME, AWAY])), ME)
    if may(subject(), action, thing):
        assert may(subject(role), action, thing)


def test_a_member_owns_his_workspaces_and_sees_no_others() -> None:
    assert may(subject(), "create", Thing("workspace", HOME, ME))
    assert may(subject(), "create", Thing("workspace", None, ME))
    assert not may(subject(), "create", Thing("workspace", AWAY, ME))
    assert not may(subject(), "read", Thing("workspace", HOME, OTHER))


def test_provisioner_jobs_are_not_shown_to_the_template_admin_of_the_site() -> None:
    jobs = Thing("provisioner_jobs", HOME)
    assert not may(subject("template-admin"), "read", jobs)
    assert may(subject(organization=("organization-template-admin",)), "read", jobs)
    assert may(subject(organization=("organization-admin",)), "read", jobs)
    assert not may(
        subject(organization=("organization-admin",)), "read", Thing("provisioner_jobs", AWAY)
    )


def test_a_ban_takes_workspaces_even_from_an_owner() -> None:
    who = subject("owner", organization=("organization-workspace-creation-ban",))
    assert not may(who, "create", Thing("workspace", HOME, ME))
    assert may(who, "create", Thing("workspace", AWAY, ME))


def test_a_template_lets_in_whom_its_lists_name() -> None:
    template = Thing("template", HOME, user_acl=((ME, "use"),))
    assert may(subject(), "use", template)
    assert not may(subject(), "update", template)
    everyone = Thing("template", HOME, group_acl=((HOME, "admin"),))
    assert may(subject(), "update", everyone)


def test_any_organization_asks_whether_there_is_one() -> None:
    who = subject(organization=("organization-auditor",))
    assert may(who, "read", Thing("audit_log", any_organization=True))
    assert not may(subject(), "read", Thing("audit_log", any_organization=True))


def test_who_may_give_which_role() -> None:
    assert may_assign(subject("owner"), "owner")
    assert may_assign(subject("user-admin"), "member")
    assert not may_assign(subject("user-admin"), "template-admin")
    assert not may_assign(subject("auditor"), "member")
    admin = subject(organization=("organization-admin",))
    assert may_assign_in(admin, HOME, "organization-auditor")
    assert not may_assign_in(admin, AWAY, "organization-auditor")
    users = subject(organization=("organization-user-admin",))
    assert may_assign_in(users, HOME, "organization-member")
    assert not may_assign_in(users, HOME, "organization-admin")


def test_a_list_that_names_others_lets_nobody_else_in() -> None:
    assert not may(subject(), "use", Thing("template", HOME, user_acl=((OTHER, "use"),)))
    assert not may(subject(), "use", Thing("template", HOME, group_acl=((AWAY, "use"),)))
    assert not may(subject(), "use", Thing("template", HOME, user_acl=((ME, ""),)))


def test_a_key_for_applications_connects_and_does_nothing_else() -> None:
    who = Subject(ME, ("owner",), ((HOME, ()),), frozenset(), "application_connect")
    assert may(who, "application_connect", Thing("workspace", HOME, ME))
    assert not may(who, "read", Thing("workspace", HOME, ME))


def test_a_made_up_role_grants_and_denies_in_its_organization() -> None:
    granted = {"workspace": frozenset({"read"})}
    denied = {"template": frozenset({"*"})}
    who = Subject(ME, (), ((HOME, ()),), frozenset(), custom=((HOME, granted, denied),))
    assert may(who, "read", Thing("workspace", HOME, OTHER))
    assert not may(who, "read", Thing("workspace", AWAY, OTHER))
    assert not may(who, "use", Thing("template", HOME, user_acl=((ME, "use"),)))


def test_an_owner_gives_every_role_of_an_organization() -> None:
    assert may_assign_in(subject("owner"), AWAY, "organization-admin")
    assert not may_assign_in(subject(), HOME, "organization-member")
