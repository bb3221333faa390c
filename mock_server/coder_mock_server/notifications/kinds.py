"""The kinds of notifications. Ids, names, groups and links are the API's; what is said is ours.

Titles and bodies are templates of the kind that the API shows: `{{.Labels.x}}`, `{{.UserName}}`
and `{{if .Labels.x}}...{{end}}` are all that they use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

USERS, WORKSPACES, TEMPLATES = "User Events", "Workspace Events", "Template Events"
OTHER = "Notification Events"
ICONS: Final = {
    USERS: "DEFAULT_ICON_ACCOUNT",
    WORKSPACES: "DEFAULT_ICON_WORKSPACE",
    TEMPLATES: "DEFAULT_ICON_TEMPLATE",
}
_CONDITION = re.compile(r"\{\{if \.Labels\.(\w+)\}\}(.*?)\{\{end\}\}", re.DOTALL)
_PLACE = re.compile(r"\{\{\s*\.?([\w.]+)(?: \| urlquery)?\s*\}\}")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notification."""

    id: str
    name: str
    group: str
    title: str
    body: str
    actions: tuple[tuple[str, str], ...] = ()
    """(label, address) pairs, templates too."""
    enabled_by_default: bool = True

    @property
    def icon(self) -> str:
        """What stands for the icon that no kind has of its own."""
        return ICONS.get(self.group, "DEFAULT_ICON_OTHER")


def rendered(template: str, values: Mapping[str, str]) -> str:
    """The template with its places filled; `values` are named as in the template."""

    def condition(found: re.Match[str]) -> str:
        return found[2] if values.get(f"Labels.{found[1]}") else ""

    return _PLACE.sub(lambda f: values.get(f[1], ""), _CONDITION.sub(condition, template))


_NAME = "{{.Labels.name}}"
_WORKSPACE = ("View workspace", "{{ base_url }}/@{{.UserUsername}}/{{.Labels.name}}")
_AFFECTED = ("View workspace", "{{base_url}}/@{{.UserUsername}}/{{.Labels.workspace}}")
_OWNED = (
    "View workspace",
    "{{base_url}}/@{{.Labels.workspace_owner_username}}/{{.Labels.workspace}}",
)
_VERSION = (
    "View template version",
    "{{base_url}}/templates/{{.Labels.organization}}/{{.Labels.template}}"
    "/versions/{{.Labels.version}}",
)
_ACCOUNTS = ("View accounts", "{{ base_url }}/deployment/users?filter=status%3Aactive")

USER_CREATED: Final = Kind(
    "4e19c0ac-94e1-4532-9515-d1801aa283b2",
    "User account created",
    USERS,
    'User account "{{.Labels.created_account_name}}" created',
    "New user account **{{.Labels.created_account_name}}** has been created.\n\n"
    "This new user account was created "
    "{{if .Labels.created_account_user_name}}"
    "for **{{.Labels.created_account_user_name}}** {{end}}"
    "by **{{.Labels.initiator}}**.",
    (_ACCOUNTS,),
)
USER_DELETED: Final = Kind(
    "f44d9314-ad03-4bc8-95d0-5cad491da6b6",
    "User account deleted",
    USERS,
    f'User account "{_NAME}" deleted',
    f"The account **{_NAME}** is gone.\n\n**{{{{.Labels.initiator}}}}** deleted it.",
    (_ACCOUNTS,),
)
USER_SUSPENDED: Final = Kind(
    "b02ddd82-4733-4d02-a2d7-c36f3598997d",
    "User account suspended",
    USERS,
    f'User account "{_NAME}" suspended',
    f"The account **{_NAME}** may not sign in for now.\n\n"
    "**{{.Labels.initiator}}** suspended it.",
    (
        (
            "View suspended accounts",
            "{{ base_url }}/deployment/users?filter=status%3Asuspended",
        ),
    ),
)
USER_ACTIVATED: Final = Kind(
    "9f5af851-8408-4e73-a7a1-c6502ba46689",
    "User account activated",
    USERS,
    f'User account "{_NAME}" activated',
    f"The account **{_NAME}** may sign in.\n\n**{{{{.Labels.initiator}}}}** activated it.",
    (_ACCOUNTS,),
)
YOU_SUSPENDED: Final = Kind(
    "6a2f0609-9b69-4d36-a989-9f5925b6cbff",
    "Your account has been suspended",
    USERS,
    "You were suspended",
    "**{{.Labels.initiator}}** suspended your account.",
)
YOU_ACTIVATED: Final = Kind(
    "1a6a6bea-ee0a-43e2-9e7c-eabdb53730e4",
    "Your account has been activated",
    USERS,
    "You may sign in again",
    "**{{.Labels.initiator}}** activated your account.",
    (("Open Coder", "{{ base_url }}"),),
)
PASSCODE: Final = Kind(
    "62f86a30-2330-4b61-a26d-311ff3b608cf",
    "One-Time Passcode",
    USERS,
    "Set a new password",
    "Somebody, probably you, asked for a new password. This code is good for it once:\n\n"
    "**{{.Labels.one_time_passcode}}**",
    (
        (
            "Reset password",
            "{{base_url}}/reset-password/change?otp={{.Labels.one_time_passcode}}"
            "&email={{.UserEmail | urlquery}}",
        ),
    ),
)
TEMPLATE_DELETED: Final = Kind(
    "29a09665-2a4c-403f-9648-54301670e7be",
    "Template Deleted",
    TEMPLATES,
    f'Template "{_NAME}" deleted',
    f"The template **{_NAME}** was deleted by **{{{{.Labels.initiator}}}}**.",
    (("View templates", "{{ base_url }}/templates"),),
)
TEMPLATE_DEPRECATED: Final = Kind(
    "f40fae84-55a2-42cd-99fa-b41c1ca64894",
    "Template Deprecated",
    TEMPLATES,
    'Template "{{.Labels.template}}" is deprecated',
    "Workspaces of yours use **{{.Labels.template}}**, which is deprecated:\n\n"
    "**{{.Labels.message}}**",
    (
        (
            "See affected workspaces",
            "{{base_url}}/workspaces?filter=owner%3Ame+template%3A{{.Labels.template}}",
        ),
        (
            "View template",
            "{{base_url}}/templates/{{.Labels.organization}}/{{.Labels.template}}",
        ),
    ),
)
BUILDS_FAILED: Final = Kind(
    "34a20db2-e9cc-4a93-b0e4-8569699d7a00",
    "Report: Workspace Builds Failed",
    TEMPLATES,
    'Failed builds of template "{{.Labels.template_display_name}}"',
    "Of {{.Labels.total_builds}} builds, {{.Labels.failed_builds}} failed in the last week.",
    (
        (
            "View failed workspaces",
            "{{ base_url }}/workspaces?filter=template%3A{{.Labels.template_name}}+status%3Afailed",
        ),
        (
            "View template insights",
            "{{ base_url }}/templates/{{.Labels.organization}}/{{.Labels.template_name}}/insights",
        ),
    ),
)
RESOURCE_REPLACED: Final = Kind(
    "89d9745a-816e-4695-a17f-3d0a229e2b8d",
    "Prebuilt Workspace Resource Replaced",
    TEMPLATES,
    'A prebuilt workspace of "{{.Labels.template}}" was partly replaced',
    "Claiming **{{.Labels.workspace}}** replaced resources that were built ahead.",
    (
        (
            "View workspace build",
            "{{base_url}}/@{{.Labels.claimant}}/{{.Labels.workspace}}"
            "/builds/{{.Labels.workspace_build_num}}",
        ),
        _VERSION,
    ),
)
WORKSPACE_CREATED: Final = Kind(
    "281fdf73-c6d6-4cbb-8ff5-888baf8a2fff",
    "Workspace Created",
    WORKSPACES,
    'Workspace "{{.Labels.workspace}}" created',
    "**{{.Labels.workspace}}** was created from template **{{.Labels.template}}**, "
    "version **{{.Labels.version}}**.",
    (_OWNED,),
    enabled_by_default=False,
)
WORKSPACE_UPDATED: Final = Kind(
    "d089fe7b-d5c5-4c0c-aaf5-689859f7d392",
    "Workspace Manually Updated",
    WORKSPACES,
    'Workspace "{{.Labels.workspace}}" updated',
    "**{{.Labels.initiator}}** moved **{{.Labels.workspace}}** to version "
    "**{{.Labels.version}}** of template **{{.Labels.template}}**.",
    (_OWNED, _VERSION),
    enabled_by_default=False,
)
WORKSPACE_DELETED: Final = Kind(
    "f517da0b-cdc9-410f-ab89-a86107c420ed",
    "Workspace Deleted",
    WORKSPACES,
    f'Workspace "{_NAME}" deleted',
    f"Your workspace **{_NAME}** was deleted ({{{{.Labels.reason}}}})."
    "{{if .Labels.initiator}} It was done by **{{.Labels.initiator}}**.{{end}}",
    (
        ("View workspaces", "{{ base_url }}/workspaces"),
        ("View templates", "{{ base_url }}/templates"),
    ),
)
AUTOBUILD_FAILED: Final = Kind(
    "381df2a9-c0c0-4749-420f-80a9280c66f9",
    "Workspace Autobuild Failed",
    WORKSPACES,
    f'Workspace "{_NAME}" could not be built automatically',
    f"An automatic build of **{_NAME}** failed ({{{{.Labels.reason}}}}).",
    (_WORKSPACE,),
)
BUILD_FAILED: Final = Kind(
    "2faeee0f-26cb-4e96-821c-85ccb9f71513",
    "Workspace Manual Build Failed",
    WORKSPACES,
    f'A build of workspace "{_NAME}" failed',
    f"A build of **{_NAME}** with template **{{{{.Labels.template_name}}}}**, version "
    "**{{.Labels.template_version_name}}**, failed. **{{.Labels.initiator}}** started it.",
    (
        (
            "View build",
            "{{ base_url }}/@{{.Labels.workspace_owner_username}}/{{.Labels.name}}"
            "/builds/{{.Labels.workspace_build_number}}",
        ),
    ),
)
DORMANT: Final = Kind(
    "0ea69165-ec14-4314-91f1-69566ac3c5a0",
    "Workspace Marked as Dormant",
    WORKSPACES,
    f'Workspace "{_NAME}" is dormant',
    f"Your workspace **{_NAME}** went to sleep: {{{{.Labels.reason}}}}.",
    (_WORKSPACE,),
)
MARKED_FOR_DELETION: Final = Kind(
    "51ce2fdf-c9ca-4be1-8d70-628674f9bc42",
    "Workspace Marked for Deletion",
    WORKSPACES,
    f'Workspace "{_NAME}" will be deleted',
    f"Your dormant workspace **{_NAME}** will be deleted after "
    "{{.Labels.timeTilDormant}} unless it is used: {{.Labels.reason}}.",
    (_WORKSPACE,),
)
AUTO_UPDATED: Final = Kind(
    "c34a0c09-0704-4cac-bd1c-0c0146811c2b",
    "Workspace Updated Automatically",
    WORKSPACES,
    f'Workspace "{_NAME}" updated by itself',
    f"**{_NAME}** now uses version **{{{{.Labels.template_version_name}}}}** of its template.",
    (_WORKSPACE,),
)
OUT_OF_MEMORY: Final = Kind(
    "a9d027b4-ac49-4fb1-9f6d-45af15f64e7a",
    "Workspace Out Of Memory",
    WORKSPACES,
    'Workspace "{{.Labels.workspace}}" is short of memory',
    "**{{.Labels.workspace}}** uses {{.Labels.threshold}} of its memory.",
    (_AFFECTED,),
)
OUT_OF_DISK: Final = Kind(
    "f047f6a3-5713-40f7-85aa-0394cce9fa3a",
    "Workspace Out Of Disk",
    WORKSPACES,
    'Workspace "{{.Labels.workspace}}" is short of disk space',
    "A volume of **{{.Labels.workspace}}** is {{.Labels.threshold}} full.",
    (_AFFECTED,),
)
TEST: Final = Kind(
    "c425f63e-716a-4bf4-ae24-78348f706c3f",
    "Troubleshooting Notification",
    OTHER,
    "A test notification",
    "This is a test notification.",
    (("View notification settings", "{{base_url}}/deployment/notifications?tab=settings"),),
)

KINDS: Final[Mapping[str, Kind]] = {
    kind.id: kind
    for kind in sorted(
        (
            USER_CREATED, USER_DELETED, USER_SUSPENDED, USER_ACTIVATED, YOU_SUSPENDED,
            YOU_ACTIVATED, PASSCODE, TEMPLATE_DELETED, TEMPLATE_DEPRECATED, BUILDS_FAILED,
            RESOURCE_REPLACED, WORKSPACE_CREATED, WORKSPACE_UPDATED, WORKSPACE_DELETED,
            AUTOBUILD_FAILED, BUILD_FAILED, DORMANT, MARKED_FOR_DELETION, AUTO_UPDATED,
            OUT_OF_MEMORY, OUT_OF_DISK, TEST,
        ),
        key=lambda kind: kind.name,
    )
}  # fmt: skip
"""By id, in the order of their names."""
