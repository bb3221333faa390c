"""The promises that only writes and open streams can put to the test."""

from __future__ import annotations

from coder_contract_tests.findings import Level, Rule
from coder_contract_tests.invariants.build_lives import BLD_06, BLD_08, BUILD_LIFE_INVARIANTS

WRITES = "runs that may write; objects that the run made"
STREAMS = "every event stream and WebSocket that the run opens"
_NEW = ("2025-05-19",)


def _check(id_: str, promise: str, *, applies: str = WRITES, explanation: str = "") -> Rule:
    return Rule(
        id=id_,
        kind="check",
        level="error",
        promise=promise,
        oracle="the document's operations and what real servers answered (recorded)",
        applies=applies,
        explanation=explanation,
    )


def _invariant(
    id_: str,
    promise: str,
    oracle: str,
    *,
    applies: str = WRITES,
    level: Level = "error",
    explanation: str = "",
    versions: tuple[str, ...] = (),
) -> Rule:
    return Rule(id_, "invariant", level, promise, oracle, applies, explanation, versions)


WRITE_SUCCEEDS = _check(
    "valid_write_succeeds",
    "a valid write is answered with success",
    explanation="A refusal that speaks of a licence or of a switched-off feature is none: what "
    "needs it is skipped with that reason.",
)
REPLY_SHOWS_THE_WRITE = _check(
    "write_reply_shows_the_write", "the reply to a write shows the object as it was asked for"
)
CREATED_IS_THERE = _check(
    "created_is_there",
    "what was created is there at once: by id, by name, in its lists and counts, as asked for",
)
CHANGE_IS_KEPT = _check(
    "change_is_kept", "what a write changed shows in the next read of the object"
)
CHANGE_LASTS = _check(
    "change_lasts", "what a write changed is still so some requests later, until another changes it"
)
READS_AGREE = _check(
    "reads_agree_on_a_write",
    "after a write all reads of the object (by id, by name, in lists) show the same",
)
REMOVED_IS_GONE = _check(
    "removed_is_gone", "what was removed is found neither by id nor by name nor in a list"
)
WRONG_WRITE_IS_REFUSED = _check(
    "wrong_write_is_refused",
    "a write that is invalid, in conflict, or not allowed in this state is refused with the "
    "status that says so",
)
SEARCH_FINDS = _check(
    "search_finds_by_parameter",
    "a search for workspaces by a parameter, or by one and its value, finds those that have it",
)
COOKIE_IS_A_SESSION = _check(
    "cookie_is_a_session",
    "signing in sets a cookie that scripts cannot read and other sites do not send; signing out "
    "takes it back",
)
NOBODY_MAY_WRITE = _check(
    "nobody_may_write",
    "a write without a session is 401, in the words of every such refusal",
    applies="writes to objects that do not exist, and to the deployment",
)
NOTHING_IS_WRITTEN = _check(
    "writes_to_nothing_are_refused",
    "a write to a malformed id is 400, to an unknown id or organization 404, to an unknown user "
    "400",
    applies="writes to objects that do not exist",
)
REFUSAL_CHANGES_NOTHING = _check(
    "refused_write_changes_nothing", "a write that was refused left everything as it was"
)
WRITE_HITS_ITS_OBJECT = _check(
    "write_hits_its_object", "a write changes the object that it names and no other of its kind"
)
ACCESS_IS_KEPT_APART = _check(
    "access_is_kept_apart",
    "an ordinary member sees and changes what is their own, and nothing of others",
)
SESSION_ENDS = _check(
    "ended_session_is_refused", "a deleted key or token is refused with 401 from then on"
)
WORK_ENDS = _check(
    "work_ends",
    "a provisioner job that a daemon took comes to an end",
    explanation="A job that nobody took in time is a warning, and none where the list of daemons "
    "shows that all that could take it are busy or gone: then the chapter is skipped.",
)
MODEL_AGREES = _check(
    "workspace_life_follows_the_model",
    "over random sequences of builds, changes and refusals a workspace stays as a small model says",
)
STREAM_OPENS = _check(
    "stream_opens", "a stream opens: 200 with text/event-stream, or 101", applies=STREAMS
)
STREAM_STARTS = _check(
    "stream_starts_in_time", "the first message that a stream owes comes in time", applies=STREAMS
)
STREAM_FRAMES_FIT = _check(
    "stream_frames_match_schema",
    "the messages of a stream have their frame (event, data; type, data) and their schema",
    applies=STREAMS,
)
STREAM_CLOSES = _check(
    "stream_closes_properly",
    "a WebSocket ends with the close code that its end calls for",
    applies=STREAMS,
    explanation="1000 after the last line of a finished log; 1002 or 1008 for a client that "
    "speaks where only the server may.",
)
STREAM_IS_ITS_OWN = _check(
    "stream_tells_of_its_object", "a stream tells of the object it was opened for, of no other"
)

_WS = "docs: workspaces.md; recorded: workspaces, workspace-settings"
_BLD = "docs: builds.md; recorded: builds, provisioner-jobs, job-tags"
_TPL = "docs: templates.md; recorded: templates"
_USR = "docs: users.md; recorded: users"
_ERR = "recorded: conventions"
_WAT = "docs: workspaces.md; recorded: workspace-settings/watch, watch-ws; agents; builds"

WS_04 = _invariant(
    "WS-04",
    "promoting a template version makes workspaces on another version outdated, without a build",
    _WS,
)
WS_19 = _invariant(
    "WS-19",
    "a second live workspace of the same owner and name, in any case, is refused with 409; after "
    "deletion the name is free",
    _WS,
)
WS_20 = _invariant(
    "WS-20",
    "creation answers 201 with build 1, transition start, reason initiator, a pending job and no "
    "resources",
    _WS,
)
WS_21 = _invariant(
    "WS-21",
    "creation with both or neither of template_id and template_version_id is 400 with a "
    "validation on each",
    _WS,
    versions=_NEW,
)
WS_22 = _invariant("WS-22", "creation from a template uses its active version", _WS)
WS_24 = _invariant(
    "WS-24",
    "dormancy sets dormant_at, a repetition is 304, and its end clears dormant_at and deleting_at",
    _WS,
    versions=_NEW,
)
WS_25 = _invariant("WS-25", "a start of a dormant workspace is 403", _WS, versions=_NEW)
WS_26 = _invariant(
    "WS-26",
    "a deleted workspace is 410 by id and 404 by name, and 200 with include_deleted",
    _WS,
)
WS_27 = _invariant(
    "WS-27",
    "renaming is refused with 400 while allow_renames is false; the same name again is 204",
    _WS,
    versions=_NEW,
)
WS_28 = _invariant(
    "WS-28",
    "extending a started workspace to less than 29 minutes ahead, or beyond max_deadline, is 400",
    _WS,
)
WS_29 = _invariant("WS-29", "taking the ttl away clears the deadline of the running build", _WS)
WS_31 = _invariant("WS-31", "favouring and unfavouring again is 204, too", _WS, versions=_NEW)
BLD_05 = _invariant(
    "BLD-05", "a build beside an active one is 409 `A workspace build is already active.`", _BLD
)
BLD_07 = _invariant(
    "BLD-07",
    "a posted build answers 201 with a pending job, queue 0 of 0 and no version name; the next "
    "read has the name",
    _BLD,
)
BLD_09 = _invariant("BLD-09", "a build's version belongs to its workspace's template", _BLD)
BLD_10 = _invariant("BLD-10", "a start without version reuses that of the previous build", _BLD)
BLD_12 = _invariant(
    "BLD-12", "changing an immutable parameter is 400 and says that it is not mutable", _BLD
)
BLD_13 = _invariant(
    "BLD-13",
    "canceling a completed job is 400 `Job has already completed!`, a canceling one 400 `Job has "
    "already been marked as canceled!`",
    _BLD,
)
BLD_14 = _invariant(
    "BLD-14",
    "canceling a pending job makes it canceled at once: completed_at equals canceled_at, no "
    "started_at, no worker_id",
    _BLD,
)
BLD_16 = _invariant("BLD-16", "orphan with another transition than delete is 400", _BLD)
BLD_17 = _invariant(
    "BLD-17",
    "a finished build's timings have one start entry per run_on_start script whose agent is done",
    _BLD,
    applies="builds whose agents have connected and finished their scripts",
    versions=_NEW,
)
TPL_02 = _invariant(
    "TPL-02", "a template's name is unique in its organization, in any case: 409", _TPL
)
TPL_03 = _invariant(
    "TPL-03", "a PATCH that changes nothing is 304; without a name it counts as a change", _TPL
)
TPL_04 = _invariant(
    "TPL-04",
    "a template with workspaces is not deleted (400); a deleted one is 404 and its versions stay "
    "readable",
    _TPL,
)
TPL_05 = _invariant(
    "TPL-05",
    "a version whose import did not succeed is not promoted (403), nor one of another template "
    "(400)",
    _TPL,
)
TPL_08 = _invariant(
    "TPL-08",
    "before the end of an import rich-parameters are 425, variables 403, resources 400, presets "
    "null; after a failed or canceled one all are 200",
    _TPL,
)
TPL_09 = _invariant(
    "TPL-09", "archiving twice is 400 `Template version already archived`", _TPL, versions=_NEW
)
TPL_10 = _invariant(
    "TPL-10",
    "a deprecated template is left out of the list and gives no workspaces; without a licence "
    "deprecation has no effect",
    _TPL,
    versions=_NEW,
)
USR_01 = _invariant(
    "USR-01",
    "a created user is dormant until they sign in, which makes them active",
    _USR,
    versions=_NEW,
)
USR_02 = _invariant(
    "USR-02", "email and username are unique in any case: 409 `User already exists.`", _USR
)
USR_03 = _invariant("USR-03", "deleting oneself is 403, deleting a user with workspaces 417", _USR)
USR_04 = _invariant("USR-04", "a suspended user's token is 401 and says so", _USR)
USR_05 = _invariant("USR-05", "changing one's own roles is 400, and so is suspending oneself", _USR)
USR_06 = _invariant("USR-06", "a changed password ends all sessions of the user", _USR)
USR_07 = _invariant("USR-07", "signing out ends the session", _USR)
AGT_10 = _invariant(
    "AGT-10",
    "listening ports and containers of an agent that is not connected are 400 and name its state",
    "docs: agents.md; recorded: agents",
    applies="agents that the run's own workspaces have",
    versions=_NEW,
)
AGT_11 = _invariant(
    "AGT-11",
    "agent log ids strictly increase; an agent with more than 1 MiB of logs says so",
    "docs: agents.md; recorded: agents",
    applies="agents with logs",
)
ERR_02 = _invariant(
    "ERR-02", "an object that may not be read and one that is missing give the same 404", _ERR
)
ERR_04 = _invariant(
    "ERR-04",
    "an empty body where JSON is needed is 400 `Request body must be valid JSON.` with detail EOF",
    _ERR,
)
ERR_05 = _invariant("ERR-05", "validations name fields of the request", _ERR)
ERR_06 = _invariant("ERR-06", "unknown members of a body are ignored", _ERR)
WAT_01 = _invariant(
    "WAT-01",
    "watching a workspace first gives the workspace as GET does",
    _WAT,
    applies="GET /workspaces/{workspace}/watch, GET /workspaces/{workspace}/watch-ws",
    versions=_NEW,
)
WAT_02 = _invariant(
    "WAT-02", "a build posted while watching is told, and is the latest build then", _WAT
)
WAT_03 = _invariant("WAT-03", "favouring a workspace is not told to watchers", _WAT, versions=_NEW)
WAT_04 = _invariant(
    "WAT-04",
    "following the log of a finished job gives all its lines and closes with 1000",
    _WAT,
    applies="GET /workspacebuilds/{workspacebuild}/logs, "
    "GET /templateversions/{templateversion}/logs",
)
WAT_05 = _invariant(
    "WAT-05",
    "following an agent's logs gives an array at once",
    _WAT,
    applies="GET /workspaceagents/{workspaceagent}/logs",
)
WAT_06 = _invariant(
    "WAT-06",
    "watching the inbox gives nothing before a notification arrives",
    _WAT,
    applies="GET /notifications/inbox/watch",
    versions=_NEW,
)
NESTED_OBJECTS_AGREE = _check(
    "nested_objects_agree",
    "a workspace and its latest build show the same resources, agents, apps and all else at rest, "
    "by id, by name, by number and in lists",
    explanation="The order of lists inside is not compared, nor what moves by itself (jobs, "
    "health, connections); reads that differ are done again before they are judged.",
)
AUTHCHECK_DECIDES = _check(
    "authcheck_decides",
    "POST /authcheck answers each key with what the asking user may do: a member what is their "
    "own, a site owner everything",
    explanation="Asked about a workspace by its resource_id, and about kinds of objects; what is "
    "missing or of an unknown kind is false.",
)

NO_CHANGE_IS_TOLD = _check(
    "no_change_is_told",
    "settings of the deployment put as they are are answered with the status that says so: 304, "
    "and 204 for the health report",
)
ADVICE_FITS = _check(
    "password_advice_fits",
    "POST /users/validate-password says of a strong password that it is valid, and of a weak one "
    "why it is not",
)
STREAM_LIVES = _check(
    "stream_is_kept_alive",
    "who watches a workspace is pinged every 15 s: by an event, or by a WebSocket's own ping",
    applies="watches that were open for longer, beside the other chapters",
)
FOLLOWS = _check(
    "what_follows_is_right",
    "what a server reckons is right: the next start from a schedule and its zone, the times of a "
    "build's stages, that no parameter is missing",
)
PARTS_ARE_EXACT = _check(
    "part_of_a_list_is_exact",
    "workspaces used since or before a moment, and builds made since one, are those and no others",
)
UPGRADE_IS_NEEDED = _check(
    "upgrade_is_needed",
    "what is only a WebSocket answers a plain GET with 426, in text",
    applies="watches of workspaces and metadata, the inbox's, followed logs, the map of relays",
)
INBOX_IS_TOLD = _check(
    "inbox_watch_tells",
    "who watches the inbox is told of each entry that comes to it, and of how many are unread",
    applies="targets that told of the run's own user within the run",
)

LIFE_CYCLE_RULES: tuple[Rule, ...] = tuple(
    value
    for value in list(globals().values())
    if isinstance(value, Rule) and value.id not in {one.rule.id for one in BUILD_LIFE_INVARIANTS}
)

__all__ = ["BLD_06", "BLD_08", "LIFE_CYCLE_RULES", "STREAMS", "WRITES"]
