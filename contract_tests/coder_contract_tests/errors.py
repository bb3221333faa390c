"""What can stop a contract run, as exceptions with the exit code they lead to.

The tree::

    ContractError               root: the text says what is wrong and what to do next
    ├── UsageError              (exit 2) the question was wrong: option, document, selection
    ├── RunStopped              a limit of the run was reached; what was found is reported
    └── TargetError             (exit 3) the target could not be looked at
        ├── Unreachable         no connection, TLS trouble, no answer in time
        ├── NotCoder            something answers, but it is not this API
        └── CredentialsRefused  the target does not take our token or password

`WriteRefused` is no part of it: the safety guard raises it, and reaching it is a mistake of ours.
"""

from __future__ import annotations


class ContractError(Exception):
    """Root of this package's errors."""

    exit_code = 4


class UsageError(ContractError):
    """The run was asked for in a way that cannot be carried out."""

    exit_code = 2


class RunStopped(ContractError):
    """A limit of the run was reached: time, or a target that only fails."""


class TargetError(ContractError):
    """The target could not be examined."""

    exit_code = 3


class Unreachable(TargetError):
    """No usable connection to the target, or no answer in time."""


class NotCoder(TargetError):
    """The target answers, but not like this API."""


class CredentialsRefused(TargetError):
    """The target does not accept the token, the user name or the password."""


class WriteRefused(RuntimeError):
    """A request that may change the target was about to leave without permission."""
