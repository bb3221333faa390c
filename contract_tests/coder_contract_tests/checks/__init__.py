"""Checks of one reply against the document; `CHECKS` is the complete list, in reading order."""

from __future__ import annotations

from coder_contract_tests.checks import body, headers, members, schema, status, times, uuids
from coder_contract_tests.judging import Check

CHECKS: tuple[Check, ...] = (
    Check(status.REPLY_IS_COMPLETE, status.reply_is_complete),
    Check(status.NO_SERVER_ERROR, status.no_server_error),
    Check(status.STATUS_IS_DOCUMENTED, status.status_is_documented),
    Check(headers.MEDIA_TYPE_IS_DOCUMENTED, headers.media_type_is_documented),
    Check(headers.BODY_IS_SENT_PLAIN, headers.body_is_sent_plain),
    Check(headers.HEADERS_ARE_AS_DOCUMENTED, headers.headers_are_as_documented),
    Check(body.BODY_IS_JSON, body.body_is_json),
    Check(body.ERROR_BODY_HAS_A_MESSAGE, body.error_body_has_a_message),
    Check(schema.RESPONSE_MATCHES_SCHEMA, schema.response_matches_schema),
    Check(members.MEMBERS_ARE_DOCUMENTED, members.members_are_documented),
    Check(members.NUMBERS_ARE_WHOLE, members.numbers_are_whole),
    Check(members.KEYS_STAND_ONCE, members.keys_stand_once),
    Check(times.TIMES_ARE_PLAUSIBLE, times.times_are_plausible),
    Check(uuids.UUIDS_ARE_IN_SMALL_LETTERS, uuids.uuids_are_in_small_letters),
)

__all__ = ["CHECKS"]
