"""What a healthy server may do: variations under which a run must end complete without an error.

python -m tests.mutation --variations
python -m tests.mutation --variations --only header-names-in-lower-case
"""

from __future__ import annotations

from tests.mutation.variations.busy import BUSY
from tests.mutation.variations.contents import CONTENTS
from tests.mutation.variations.model import Variation
from tests.mutation.variations.servers import SERVERS
from tests.mutation.variations.streams import STREAMS
from tests.mutation.variations.wire import WIRE

VARIATIONS: tuple[Variation, ...] = (*WIRE, *CONTENTS, *STREAMS, *SERVERS, *BUSY)
