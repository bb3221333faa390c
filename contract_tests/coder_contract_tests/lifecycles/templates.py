"""Files, template versions and templates: uploaded, imported, promoted, removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from coder_contract_tests.exchange import Exchange
from coder_contract_tests.lifecycles import archive, people, rules
from coder_contract_tests.lifecycles.bench import (
    ABSENT,
    Bench,
    Blocked,
    View,
    at_rest,
    entry,
    member,
    message,
)
from coder_contract_tests.observe import ZERO_UUID

UPLOAD, DOWNLOAD = "POST /files", "GET /files/{fileID}"
NEW_VERSION = "POST /organizations/{organization}/templateversions"
VERSION, RENAME = (
    "GET /templateversions/{templateversion}",
    "PATCH /templateversions/{templateversion}",
)
VERSIONS = "GET /templates/{template}/versions"
VERSION_BY_NAME = "GET /templates/{template}/versions/{templateversionname}"
PARAMETERS = "GET /templateversions/{templateversion}/rich-parameters"
VARIABLES = "GET /templateversions/{templateversion}/variables"
RESOURCES = "GET /templateversions/{templateversion}/resources"
PROMOTE = "PATCH /templates/{template}/versions"
CREATE = "POST /organizations/{organization}/templates"
TEMPLATE, PATCH = "GET /templates/{template}", "PATCH /templates/{template}"
DELETE = "DELETE /templates/{template}"
BY_NAME = "GET /organizations/{organization}/templates/{templatename}"
OF_ORGANIZATION = "GET /organizations/{organization}/templates"
LIST = "GET /templates"

UNKNOWN_ID = "00000000-0000-4000-8000-0000000000aa"


@dataclass(slots=True)
class Template:
    """The run's own template and its versions."""

    id: str
    name: str
    organization: str
    first: str
    """The version it was made from."""
    file: str
    second: str = ""


def the_template(bench: Bench) -> Template:
    """The run's template with one imported version; made on first use."""
    found = bench.made.get("template")
    if isinstance(found, Template):
        return found
    if isinstance(found, Blocked):
        raise found
    try:
        made = _first_version(bench)
    except Blocked as reason:
        bench.made["template"] = reason
        raise
    bench.made["template"] = made
    return made


def upload(bench: Bench, data: bytes, **request: Any) -> tuple[Exchange, str]:
    """A file's id."""
    made = bench.write(UPLOAD, raw=data, media="application/x-tar", want=(201, 200), **request)
    id_ = member(made.json, "hash")
    if not bench.judge(
        rules.REPLY_SHOWS_THE_WRITE,
        made,
        "" if isinstance(id_, str) and id_ else "no file id in `hash`",
        at="/hash",
    ):
        raise Blocked("an upload gave no file id")
    return made, str(id_)


def new_version(
    bench: Bench, organization: str, file: str, name: str, **more: Any
) -> tuple[Exchange, str]:
    """A version whose import begins."""
    body = {
        "name": name,
        "message": f"made by {bench.prefix}",
        "storage_method": "file",
        "file_id": file,
        "provisioner": "terraform",
        "tags": {},
        **more,
    }
    expected: dict[str, Any] = {
        "name": name,
        "organization_id": organization,
        "job.file_id": file,
    }
    if bench.is_recent:
        expected["message"] = body["message"]
        # Servers of 2023 may take tags and not tell.
        expected |= {f"job.tags.{key}": value for key, value in body["tags"].items()}
    made = bench.write(NEW_VERSION, organization, body=body, want=(201, 200), repeats=expected)
    id_ = str(member(made.json, "id"))
    bench.shows(made, [View(VERSION, (id_,))], expected, rule=rules.CREATED_IS_THERE)
    return made, id_


def _first_version(bench: Bench) -> Template:
    organization = bench.organization
    if not organization:
        raise Blocked("no default organization is known to make a template in")
    data = archive.template(bench.prefix)
    made, file = upload(bench, data)
    _is_stored(bench, made, file, data)
    version, id_ = new_version(bench, organization, file, bench.name("v1"))
    unowned = member(version.json, "template_id")
    came = "" if unowned in {ABSENT, ZERO_UUID} else f"it belongs to template {unowned}"
    bench.judge(rules.REPLY_SHOWS_THE_WRITE, version, came, at="/template_id")
    exchange, ready = bench.settled(View(VERSION, (id_,)), made_by=version)
    state = member(ready, "job.status")
    if state != "succeeded":
        came = f"the import of a working template is {state}: {member(ready, 'job.error')}"
        bench.judge(rules.WORK_ENDS, exchange, came, level="warning")
        raise Blocked(came)
    _imported(bench, id_)
    return _template(bench, organization, id_, file)


def _is_stored(bench: Bench, made: Exchange, file: str, data: bytes) -> None:
    """The same bytes come back, and the same upload gives the same id."""
    got = bench.call(DOWNLOAD, file)
    ok = got.status == 200 and got.body == data
    came = (
        ""
        if ok
        else f"GET {got.target} gives {got.status} with {len(got.body)} bytes of {len(data)}"
    )
    # What is there, but not as it was sent, the download has spoiled: an import works with it.
    blamed = got if got.status == 200 else made
    bench.judge(rules.CREATED_IS_THERE, blamed, came)
    again = bench.call(UPLOAD, raw=data, media="application/x-tar")
    ok = again.status == 200 and member(again.json, "hash") == file
    came = (
        ""
        if ok
        else f"{again.status} with the file {member(again.json, 'hash')} for the same bytes"
    )
    bench.judge(rules.REPLY_SHOWS_THE_WRITE, again, came, at="/hash")
    bench.refuses(UPLOAD, raw=b"{}", media="text/plain", want=(400,))
    if bench.is_recent:
        packed = bench.call(DOWNLOAD, file, query="format=zip")
        right = packed.status == 200 and archive.zipped(packed.body) == archive.files(data)
        came = "" if right else f"{packed.status} with no zip of the same files"
        bench.judge(rules.CREATED_IS_THERE, packed, came)
        bench.refuses(DOWNLOAD, file, query="format=rar", want=(400,))


def _imported(bench: Bench, id_: str) -> None:
    """What the import found in the archive."""
    named = View(PARAMETERS, (id_,))
    exchange, found = bench.look(named)
    names = [one.get("name") for one in found or () if isinstance(one, dict)]
    wanted = {archive.SCOPE, "fixed", "seconds"}
    came = "" if wanted <= set(names) else f"the parameters are {names}"
    bench.judge(rules.CREATED_IS_THERE, exchange, came)
    if bench.has(VARIABLES):
        exchange, found = bench.look(View(VARIABLES, (id_,), find=entry("", name="size")))
        came = "" if found else "the template's variable is missing"
        bench.judge(rules.CREATED_IS_THERE, exchange, came)
    if bench.has(RESOURCES):
        exchange, found = bench.look(View(RESOURCES, (id_,), find=entry("", name="box")))
        came = "" if found else "the template's resource is missing"
        bench.judge(rules.CREATED_IS_THERE, exchange, came)
        if not bench.is_recent:
            return
        both = [("box", "start"), ("disk", "start"), ("disk", "stop")]
        listed = exchange.json if isinstance(exchange.json, list) else []
        got = sorted((one.get("name"), one.get("workspace_transition")) for one in listed)
        came = "" if got == both else f"the template's resources are {got}"
        bench.judge(rules.CREATED_IS_THERE, exchange, came, at="/*/workspace_transition")


def views_of(bench: Bench, template: Template) -> list[View]:
    """All ways to look at a template."""
    views = [View(TEMPLATE, (template.id,))]
    if bench.has(BY_NAME):
        views.append(View(BY_NAME, (template.organization, template.name)))
    if bench.has(OF_ORGANIZATION):
        views.append(
            View(OF_ORGANIZATION, (template.organization,), find=entry("", id=template.id))
        )
    if bench.has(LIST):
        views.append(View(LIST, find=entry("", id=template.id)))
    return views


def _template(bench: Bench, organization: str, version: str, file: str) -> Template:
    name = bench.name("box")
    body = {
        "name": name,
        "template_version_id": version,
        "display_name": "A box",
        "description": "made by a contract run",
        "icon": "/icon/box.svg",
        "default_ttl_ms": 7_200_000,
        "allow_user_cancel_workspace_jobs": True,
    }
    expected = {key: body[key] for key in body if key != "template_version_id"}
    expected |= {"active_version_id": version, "organization_id": organization}
    if bench.is_recent:
        body["activity_bump_ms"] = expected["activity_bump_ms"] = 5_400_000
    else:
        expected.pop("allow_user_cancel_workspace_jobs")
    if bench.is_recent and bench.licence_has("control_shared_ports"):
        body["max_port_share_level"] = expected["max_port_share_level"] = "public"
    for wrong in ({"name": "no name"}, {"default_ttl_ms": -1}):
        gone = View(BY_NAME, (organization, bench.name("no")))
        refused = {**body, "name": bench.name("no"), **wrong}
        bench.refuses(CREATE, organization, body=refused, want=(400,), views=[gone])
    unknown = {**body, "template_version_id": UNKNOWN_ID}
    gone = View(BY_NAME, (organization, name))
    bench.refuses(CREATE, organization, body=unknown, want=(404,), views=[gone])
    made = bench.write(CREATE, organization, body=body, want=(201, 200), repeats=expected)
    template = Template(str(member(made.json, "id")), name, organization, version, file)
    bench.shows(made, views_of(bench, template), expected, rule=rules.CREATED_IS_THERE)
    attached = {"template_id": template.id}
    bench.shows(made, [View(VERSION, (version,))], attached, rule=rules.CREATED_IS_THERE)
    bench.shows(
        made,
        [View(VERSIONS, (template.id,), find=entry("", id=version))],
        {"id": version},
        rule=rules.CREATED_IS_THERE,
    )
    return template


def templates(bench: Bench) -> None:
    """Changing a template: settings, names, what is refused."""
    template = the_template(bench)
    seen = views_of(bench, template)[:1]
    for name in (template.name, template.name.upper()):
        body = {"name": name, "template_version_id": template.first}
        bench.refuses(
            CREATE, template.organization, body=body, want=(409,), rule=rules.TPL_02, views=seen
        )
    body = {"name": bench.name("other"), "template_version_id": template.first}
    gone = View(BY_NAME, (template.organization, bench.name("other")))
    bench.refuses(CREATE, template.organization, body=body, want=(400,), views=[gone])
    foreign = another(bench, template)
    other = View(TEMPLATE, (str(foreign["id"]),)) if foreign else None
    before = at_rest(bench.look(other)[1]) if other else None
    settings = {
        "name": template.name,
        "display_name": "The box",
        "description": "changed by a contract run",
        "icon": "/icon/code.svg",
        "default_ttl_ms": 3_600_000,
        # Absent ones count as false, and then workspaces could not be set any longer.
        "allow_user_autostart": True,
        "allow_user_autostop": True,
    }
    if bench.is_recent:
        settings["activity_bump_ms"] = 1_800_000
        settings["allow_user_cancel_workspace_jobs"] = True
        settings["use_classic_parameter_flow"] = True
    changed = bench.write(PATCH, template.id, body=settings, want=(200,), repeats=settings)
    bench.shows(changed, views_of(bench, template), settings)
    if other:
        bench.untouched(changed, other, before)
    if bench.is_recent:
        bad = {"name": template.name, "default_ttl_ms": -1}
        bench.refuses(PATCH, template.id, body=bad, want=(400,), views=seen)
    bench.refuses(PATCH, template.id, body={"name": "-x"}, want=(400,), views=seen)
    if foreign and bench.is_recent and foreign.get("organization_id") == template.organization:
        taken = {**settings, "name": foreign["name"]}
        bench.refuses(PATCH, template.id, body=taken, want=(409,), rule=rules.TPL_02, views=seen)
    people.empty_body(bench, PATCH, template.id, views=seen)
    _nothing_changed(bench, template, settings)


def another(bench: Bench, template: Template) -> dict[str, Any] | None:
    """Some template of the target that is not ours."""
    if bench.has(LIST):
        listed = bench.call(LIST).json
    else:
        listed = bench.call(OF_ORGANIZATION, template.organization).json
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("id") not in {None, template.id}:
            return one
    return None


def _nothing_changed(bench: Bench, template: Template, settings: dict[str, Any]) -> None:
    """TPL-03: absent settings count as zero, so that zeros written twice are the same."""
    if not bench.is_recent:
        return
    # Without a licence these two stay true whatever is asked (recorded: templates/patch-again).
    zeros = {"name": template.name, "allow_user_autostart": True, "allow_user_autostop": True}
    first = bench.call(PATCH, template.id, body=zeros)
    came = "" if first.status == 200 else f"{first.status} for settings that become zero"
    bench.judge(rules.TPL_03, first, came)
    if first.status == 200:
        emptied: dict[str, Any] = dict.fromkeys(("display_name", "description", "icon"), "")
        emptied |= {"default_ttl_ms": 0, "activity_bump_ms": 0}
        emptied["allow_user_cancel_workspace_jobs"] = False
        bench.repeats(first, emptied)
        bench.shows(first, views_of(bench, template)[:1], emptied, keep=False)
    again = bench.call(PATCH, template.id, body=zeros)
    came = "" if again.status == 304 else f"{again.status} for values as they are stored"
    bench.judge(rules.TPL_03, again, came)
    unnamed = {"allow_user_autostart": True, "allow_user_autostop": True}
    third = bench.call(PATCH, template.id, body=unnamed)
    came = "" if third.status == 200 else f"{third.status} for a body without name"
    bench.judge(rules.TPL_03, third, came)
    back = bench.write(PATCH, template.id, body=settings, want=(200,), repeats=settings)
    bench.shows(back, views_of(bench, template)[:1], settings)


def second(bench: Bench, template: Template) -> None:
    """A second version of the template: made, imported, renamed, not yet active."""
    name = bench.name("v2")
    made, id_ = new_version(
        bench, template.organization, template.file, name, template_id=template.id
    )
    bench.repeats(made, {"template_id": template.id})
    listed = View(VERSIONS, (template.id,), find=entry("", id=id_))
    views = [listed]
    if bench.has(VERSION_BY_NAME):
        views.append(View(VERSION_BY_NAME, (template.id, name)))
    bench.shows(made, views, {"name": name}, rule=rules.CREATED_IS_THERE)
    body = {
        "name": name,
        "template_id": template.id,
        "storage_method": "file",
        "file_id": template.file,
        "provisioner": "terraform",
    }
    bench.refuses(NEW_VERSION, template.organization, body=body, want=(409,))
    # Uploading does not promote.
    seen = views_of(bench, template)[0]
    _, found = bench.look(seen)
    active = member(found, "active_version_id")
    came = "" if active == template.first else f"active_version_id is {active} after an upload"
    bench.judge(rules.WRITE_HITS_ITS_OBJECT, made, came)
    bench.settled(View(VERSION, (id_,)), made_by=made)
    template.second = id_
    if bench.has(RENAME):
        changes = (
            {"name": f"{name}b", "message": "second"} if bench.is_recent else {"name": f"{name}b"}
        )
        first = View(VERSION, (template.first,))
        before = at_rest(bench.look(first)[1])
        changed = bench.write(RENAME, id_, body=changes, want=(200,), repeats=changes)
        for view in views:
            bench.drop(view)
        bench.shows(changed, [View(VERSION, (id_,)), listed], changes)
        bench.untouched(changed, first, before)


def promote(bench: Bench, template: Template, version: str) -> Exchange:
    """Make a version the active one."""
    changed = bench.write(PROMOTE, template.id, body={"id": version}, want=(200,))
    bench.shows(changed, views_of(bench, template), {"active_version_id": version})
    return changed


def deprecation(bench: Bench) -> None:
    """TPL-10: with a licence a deprecated template is hidden and unused; without, nothing."""
    if not bench.is_recent:
        return
    template = the_template(bench)
    bench.still(template.id, template.name)
    settings: dict[str, Any] = {"name": template.name, "deprecation_message": "old"}
    settings |= {"allow_user_autostart": True, "allow_user_autostop": True}
    changed = bench.call(PATCH, template.id, body=settings)
    if changed.status not in {200, 304}:
        raise Blocked(f"{PATCH} answered {changed.status} {message(changed)}")
    _, found = bench.look(View(TEMPLATE, (template.id,)))
    deprecated = member(found, "deprecated") is True
    exchange, listed = bench.look(View(LIST, find=entry("", id=template.id)))
    if deprecated:
        came = "" if listed is None else "a deprecated template is in the list"
        bench.judge(rules.TPL_10, exchange, came)
        body = {"name": bench.name("old"), "template_id": template.id}
        gone = View("GET /users/{user}/workspace/{workspacename}", ("me", bench.name("old")))
        bench.refuses(
            "POST /users/{user}/workspaces",
            "me",
            body=body,
            want=(400,),
            rule=rules.TPL_10,
            views=[gone],
        )
        undone = bench.write(
            PATCH, template.id, body={**settings, "deprecation_message": ""}, want=(200,)
        )
        bench.shows(undone, views_of(bench, template), {"deprecated": False}, keep=False)
    else:
        came = "" if listed is not None else "the template vanished from the list, not deprecated"
        bench.judge(rules.TPL_10, exchange, came)


def farewell(bench: Bench) -> None:
    """The template is deleted: gone everywhere, its versions readable by id."""
    template = bench.made.get("template")
    if not isinstance(template, Template):
        return
    bench.still(template.id, template.first, template.second)
    dropped = bench.write(DELETE, template.id, want=(200,))
    bench.gone(dropped, views_of(bench, template))
    exchange, found = bench.look(View(VERSION, (template.first,)))
    came = "" if found is not None else f"{exchange.status} for a version of the deleted template"
    bench.judge(rules.TPL_04, exchange, came)
    del bench.made["template"]
