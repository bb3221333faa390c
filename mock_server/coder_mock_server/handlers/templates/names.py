"""Names for versions that were given none: an adjective, a surname, a digit."""

from __future__ import annotations

from collections.abc import Collection

from coder_mock_server.ids import Ids

ADJECTIVES = (
    "amber", "brave", "calm", "deft", "eager", "fabled", "gentle", "honest", "jolly", "keen",
    "lucid", "mellow", "nimble", "patient", "quiet", "rapid", "sharp", "tidy", "vivid", "witty",
)  # fmt: skip
SURNAMES = (
    "babbage", "curie", "dijkstra", "euler", "franklin", "gauss", "hopper", "johnson", "knuth",
    "lamarr", "meitner", "noether", "perlman", "ritchie", "shannon", "turing", "wilson",
)  # fmt: skip


def generated_name(ids: Ids, taken: Collection[str] = ()) -> str:
    """For instance `keen_hopper3`, or with a longer number where all of these are `taken`."""
    digits = 1
    while True:
        # A digit more after each failure ends the search soon, however many are taken.
        number = "".join(ids.choice(tuple("0123456789")) for _ in range(digits))
        name = f"{ids.choice(ADJECTIVES)}_{ids.choice(SURNAMES)}{number}"
        if name not in taken:
            return name
        digits += 1
