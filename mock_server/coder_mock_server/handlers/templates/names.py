"""Names for versions that were given none: an adjective, a surname, a digit."""

from __future__ import annotations

from coder_mock_server.ids import Ids

ADJECTIVES = (
    "amber", "brave", "calm", "deft", "eager", "fabled", "gentle", "honest", "jolly", "keen",
    "lucid", "mellow", "nimble", "patient", "quiet", "rapid", "sharp", "tidy", "vivid", "witty",
)  # fmt: skip
SURNAMES = (
    "babbage", "curie", "dijkstra", "euler", "franklin", "gauss", "hopper", "johnson", "knuth",
    "lamarr", "meitner", "noether", "perlman", "ritchie", "shannon", "turing", "wilson",
)  # fmt: skip


def generated_name(ids: Ids) -> str:
    """For instance `keen_hopper3`."""
    return f"{ids.choice(ADJECTIVES)}_{ids.choice(SURNAMES)}{ids.choice(tuple('0123456789'))}"
