"""What is open to everybody: the first user, passcodes, reports of browsers."""

from __future__ import annotations

from coder_contract_tests.lifecycles import rules
from coder_contract_tests.lifecycles.bench import Bench, View
from coder_contract_tests.lifecycles.people import GET, password

FIRST, REPORT = "POST /users/first", "POST /csp/reports"
PASSCODE, NEW_PASSWORD = "POST /users/otp/request", "POST /users/otp/change-password"
THERE_IS_ONE = "The initial user has already been created."
WRONG_PASSCODE = "Incorrect email or one-time passcode."
NO_REPORT = "Failed to read body, invalid json."
NO_PASSCODE = "00000000-0000-4000-8000-0000000000bb"


def open_doors(bench: Bench) -> None:
    """Each answers everybody alike, and lets nobody in."""
    if not bench.is_recent:
        return
    nobody = f"{bench.name('none')}@example.com"
    gone = [View(GET, (bench.name("none"),))]
    if bench.has(FIRST):
        body = {"email": nobody, "username": bench.name("none"), "password": password()}
        bench.refuses(FIRST, body=body, want=(409,), says=THERE_IS_ONE, views=gone)
    if bench.has(PASSCODE):
        # Whether the address is known must not be told.
        bench.write(PASSCODE, body={"email": nobody}, want=(204,))
        bench.refuses(PASSCODE, body={"email": "no address"}, want=(400,))
    if bench.has(NEW_PASSWORD):
        body = {"email": nobody, "password": password(), "one_time_passcode": NO_PASSCODE}
        bench.refuses(NEW_PASSWORD, body=body, want=(400,), says=WRONG_PASSCODE)
    if bench.has(REPORT):
        told = bench.write(REPORT, body={"csp-report": {"document-uri": bench.prefix}}, want=(200,))
        came = "" if told.json == "ok" else "a report is not answered with the text ok"
        bench.judge(rules.REPLY_SHOWS_THE_WRITE, told, came)
        bench.refuses(REPORT, raw=b"x", want=(400,), says=NO_REPORT)
