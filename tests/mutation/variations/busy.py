"""Other people at work on the server while the suite examines it: lists change between requests."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable

from tests.mutation.furnished import HEAD, PLAIN, Furnished
from tests.mutation.plain import PASSWORD, Plain, RefusedError
from tests.mutation.run import BIN
from tests.mutation.variations.model import Variation

ALLOWED = "A server has other users; what they do between two requests is no fault of it."
PAUSE_SECONDS = 0.15


def _steps(
    has: Furnished, over: threading.Event, step: Callable[[int], None], pause: float
) -> None:
    """Do one thing after another until the run has ended."""
    for number in itertools.count():
        if over.wait(pause):
            return
        step(number)


def _make(client: Plain, has: Furnished, name: str, template: str = "small") -> str:
    path = f"/organizations/{has.organization}/members/me/workspaces"
    body = {"name": name, "template_id": has.templates[template]}
    return str(client.call("POST", path, body)["id"])


def _try(client: Plain, method: str, path: str, body: object = None) -> int:
    """What may be refused because of something that goes on."""
    return client.ask(method, path, body)[0]


def _workspaces(has: Furnished, over: threading.Event) -> None:
    """Mia makes workspaces, stops, starts and deletes them."""
    mia, dice, mine = has.client("mia"), random.Random(1), []

    def step(number: int) -> None:
        if len(mine) < 4:
            mine.append(_make(mia, has, f"busy-{number}"))
            return
        one = dice.choice(mine)
        transition = dice.choice(("start", "stop", "delete"))
        status = _try(mia, "POST", f"/workspaces/{one}/builds", {"transition": transition})
        if transition == "delete" and status == 201:
            mine.remove(one)
        _try(mia, "PUT", f"/workspaces/{dice.choice(mine)}/favorite")

    _steps(has, over, step, 0.7)


def _people(has: Furnished, over: threading.Event) -> None:
    """Ursula makes, changes, suspends and deletes users; they sign in."""
    ursula, nobody, made = has.client("ursula"), Plain(has.url), []
    where = {"organization_ids": [has.organization], "organization_id": has.organization}

    def step(number: int) -> None:
        name = f"guest-{number}"
        person = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        ursula.call("POST", "/users", {**person, **where})
        made.append(name)
        guest = nobody.as_user(nobody.sign_in(person["email"]))
        guest.call("GET", "/users/me")
        ursula.call("PUT", f"/users/{name}/profile", {"username": name, "name": f"Guest {number}"})
        if len(made) > 3:
            ursula.call("PUT", f"/users/{made[1]}/status/suspend")
            ursula.call("DELETE", f"/users/{made.pop(0)}")

    _steps(has, over, step, PAUSE_SECONDS)


def _sessions(has: Furnished, over: threading.Event) -> None:
    """The person whose session the suite uses makes tokens and signs in and out elsewhere."""
    admin, nobody, made = has.client("admin"), Plain(has.url), []

    def step(number: int) -> None:
        made.append(f"beside-{number}")
        body = {"token_name": made[-1], "lifetime": 10**15}
        admin.call("POST", "/users/me/keys/tokens", body)
        if len(made) > 3:
            one = admin.call("GET", f"/users/me/keys/tokens/{made.pop(0)}")
            admin.call("DELETE", f"/users/me/keys/{one['id']}")
        elsewhere = nobody.as_user(nobody.sign_in("admin@example.com"))
        elsewhere.call("POST", "/users/logout")

    _steps(has, over, step, PAUSE_SECONDS)


def _imports(has: Furnished, over: threading.Event) -> None:
    """Tess imports one version after the other: the daemon is busy and the queue moves."""
    tess = has.client("tess")
    file = tess.upload({"main.tf": HEAD})
    path = f"/organizations/{has.organization}/templateversions"

    def step(number: int) -> None:
        body = {"storage_method": "file", "file_id": file, "provisioner": "terraform"}
        made = tess.call("POST", path, {**body, "template_id": has.templates["small"]})
        if number % 4 == 3:
            _try(tess, "PATCH", f"/templateversions/{made['id']}/cancel")

    _steps(has, over, step, 2.5)


def _templates(has: Furnished, over: threading.Event) -> None:
    """Tess makes templates, changes them, promotes versions and deletes them."""
    tess = has.client("tess")
    file = tess.upload({"main.tf": PLAIN})
    where = f"/organizations/{has.organization}"

    def step(number: int) -> None:
        body = {"storage_method": "file", "file_id": file, "provisioner": "terraform"}
        version = tess.call("POST", f"{where}/templateversions", body)
        tess.ended(f"/templateversions/{version['id']}")
        of = {"name": f"beside-{number}", "template_version_id": version["id"]}
        made = tess.call("POST", f"{where}/templates", of)
        tess.call("PATCH", f"/templates/{made['id']}", {"description": f"number {number}"})
        tess.call("PATCH", f"/templates/{has.templates['small']}", {"description": f"{number}"})
        tess.call("DELETE", f"/templates/{made['id']}")

    _steps(has, over, step, 1.0)


def _one_name(has: Furnished, over: threading.Event) -> None:
    """Mia makes and deletes workspaces of one name, over and over."""
    mia = has.client("mia")

    def step(number: int) -> None:
        one = _make(mia, has, "again")
        for transition in ("", "delete"):
            if transition:
                mia.call("POST", f"/workspaces/{one}/builds", {"transition": transition})
            while not over.is_set():
                status, found = mia.ask("GET", f"/workspaces/{one}")
                if status != 200 or found["latest_build"]["job"]["status"] == "succeeded":
                    break
                over.wait(0.05)
            if over.is_set():
                return

    _steps(has, over, step, 0.1)


def _settings(has: Furnished, over: threading.Event) -> None:
    """The owner of the furnished workspaces changes them."""
    admin, ids = has.client("admin"), has.workspaces

    def step(number: int) -> None:
        favorite = "DELETE" if number % 2 else "PUT"
        _try(admin, favorite, f"/workspaces/{ids['beta']}/favorite")
        admin.call("PUT", f"/workspaces/{ids['beta']}/ttl", {"ttl_ms": 60_000 * (number % 50 + 1)})
        schedule = f"CRON_TZ=Europe/Berlin {number % 60} 9 * * 1-5"
        admin.call("PUT", f"/workspaces/{ids['gamma']}/autostart", {"schedule": schedule})
        _try(admin, "PUT", f"/workspaces/{ids['asleep']}/dormant", {"dormant": number % 2 == 0})
        _try(admin, "PUT", "/users/me/appearance", {"theme_preference": "dark"})

    _steps(has, over, step, PAUSE_SECONDS)


def _another_run(has: Furnished, over: threading.Event) -> None:
    """The same suite runs a second time beside us; at our end it is interrupted."""
    command = [str(BIN / "coder-contract"), "run", has.url, "--format", "json", "--allow-writes"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CODER_")}
    environment["CODER_CONTRACT_TOKEN"] = has.tokens["admin"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    while not over.is_set():
        with (
            tempfile.TemporaryDirectory(prefix="coder-beside-") as folder,
            subprocess.Popen(command, cwd=folder, env=environment, **quiet) as run,
        ):
            while run.poll() is None:
                if over.wait(0.2):
                    # It tidies up behind itself.
                    run.send_signal(signal.SIGINT)
                    break
            run.wait()


def _all(has: Furnished, over: threading.Event) -> None:
    """All of them at once."""
    failures: list[str] = []

    def work(beside: Callable[[Furnished, threading.Event], None]) -> None:
        try:
            beside(has, over)
        except Exception as error:
            failures.append(f"{beside.__doc__}: {error!r}")

    threads = [
        threading.Thread(target=work, args=(one,), daemon=True)
        for one in (_workspaces, _people, _sessions, _settings)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures and not over.is_set():
        raise RefusedError("; ".join(failures))


BUSY = [
    Variation(name, "people", f"{description}.", ALLOWED, beside=beside)
    for name, description, beside in (
        (
            "others-build-workspaces",
            "Somebody makes, stops, starts, favours and deletes workspaces",
            _workspaces,
        ),
        (
            "others-manage-users",
            "A user admin makes, changes, suspends and deletes users, who sign in",
            _people,
        ),
        (
            "others-make-tokens",
            "Our own user makes and deletes tokens, signs in and out elsewhere",
            _sessions,
        ),
        (
            "others-import-versions",
            "A template admin imports versions and cancels some: the queue moves",
            _imports,
        ),
        (
            "others-manage-templates",
            "A template admin makes, changes and deletes templates",
            _templates,
        ),
        (
            "others-use-one-name-again",
            "Somebody makes and deletes workspaces of one name, over and over",
            _one_name,
        ),
        (
            "others-change-settings",
            "The owner changes settings of the furnished workspaces",
            _settings,
        ),
        (
            "another-run-beside-ours",
            "The same suite runs a second time, with writes, and is interrupted at our end",
            _another_run,
        ),
        (
            "others-do-all-of-that",
            "Workspaces, users, tokens and settings change at once",
            _all,
        ),
    )
]
