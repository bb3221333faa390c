"""Every fault, by kind."""

from __future__ import annotations

from dataclasses import replace

from tests.mutation.faults.accounts import ACCOUNTS
from tests.mutation.faults.alone_builds import ALONE_BUILDS
from tests.mutation.faults.alone_jobs import ALONE_JOBS
from tests.mutation.faults.alone_known import KNOWN
from tests.mutation.faults.alone_people import ALONE_PEOPLE
from tests.mutation.faults.alone_workspaces import ALONE_WORKSPACES
from tests.mutation.faults.bodies import BODIES
from tests.mutation.faults.objects import OBJECTS
from tests.mutation.faults.permissions import PERMISSIONS
from tests.mutation.faults.queues import QUEUES
from tests.mutation.faults.relations import RELATIONS
from tests.mutation.faults.state import STATE
from tests.mutation.faults.strangers import STRANGERS
from tests.mutation.faults.streams import STREAMS
from tests.mutation.faults.told import TOLD
from tests.mutation.faults.wire import WIRE
from tests.mutation.faults.worker import WORKER
from tests.mutation.model import Fault

_FAULTS: tuple[Fault, ...] = (
    *WIRE,
    *BODIES,
    *WORKER,
    *QUEUES,
    *RELATIONS,
    *OBJECTS,
    *STATE,
    *PERMISSIONS,
    *STREAMS,
    *ACCOUNTS,
    *TOLD,
    *STRANGERS,
    *ALONE_JOBS,
    *ALONE_WORKSPACES,
    *ALONE_BUILDS,
    *ALONE_PEOPLE,
)

FAULTS: tuple[Fault, ...] = tuple(
    replace(one, alone=KNOWN[one.id]) if one.id in KNOWN else one for one in _FAULTS
)
