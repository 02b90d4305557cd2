"""The address of a git repository in a form that git may keep and pass on, without its secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from seqpipe.project.redact import REFERENCE
from seqpipe.project.variables import Text

WITH_USER = re.compile(r"(https?://)([^/?#]*)@(.*)", re.DOTALL | re.IGNORECASE)
# What an address is called where it holds a secret itself.
ALIAS = "seqpipe-asset:repository"
USER, PASSWORD = "SEQPIPE_GIT_USER", "SEQPIPE_GIT_PASSWORD"
# Git asks it on stdin and runs it with its own shell, on every system.
HELPER = (
    '!f() { test "$1" != get || '
    f'printf \'username=%s\\npassword=%s\\n\' "${USER}" "${PASSWORD}"; }}; f'
)


@dataclass(frozen=True)
class GitAddress:
    """Where a repository is.

    clean (str): What can stand on a command line and in the configuration of a clone.
    environment (Dict[str, str]): What git needs besides; empty where there is no secret.
    """

    clean: str
    environment: dict[str, str] = field(default_factory=dict, repr=False)


def git_address(repo: Text, secrets: Mapping[str, str]) -> GitAddress:
    """Take user, password and values of `env` out of an address.

    repo (Text): The address as project.yml has it.
    secrets (Mapping[str, str]): The values of `env`, by name.
    RETURNS (GitAddress): The address for git.
    """
    # A value may hold signs that part an address: so it is filled in after that is parted, unless
    # all of the address comes from one value.
    text = repo.shown if WITH_USER.fullmatch(repo.shown) else repo.value
    found = WITH_USER.fullmatch(text)
    scheme, user, rest = found.groups() if found else ("", "", text)
    if user == _filled(user, secrets) and ":" not in user:  # a name: git knows the password itself
        scheme, user, rest = "", "", text
    real = _filled(scheme + rest, secrets)
    settings: list[tuple[str, str]] = []
    environment: dict[str, str] = {}
    if user:
        name, _, password = user.partition(":")
        environment[USER] = unquote(_filled(name, secrets))
        environment[PASSWORD] = unquote(_filled(password, secrets))
        # Only this server gets them, and no store of passwords.
        origin = "/".join(real.split("/")[:3])
        settings = [("credential.helper", ""), (f"credential.{origin}.helper", HELPER)]
    clean = real
    if real != scheme + rest or text != repo.shown:
        settings.append((f"url.{real}.insteadOf", ALIAS))
        clean = ALIAS
    return GitAddress(clean, {**environment, **_as_environment(settings)})


def _filled(text: str, secrets: Mapping[str, str]) -> str:
    return REFERENCE.sub(lambda found: secrets.get(found.group(1), found.group()), text)


def _as_environment(settings: list[tuple[str, str]]) -> dict[str, str]:
    """Settings of git after those that the environment holds already; git 2.31 reads them."""
    if not settings:
        return {}
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    environment = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, value) in enumerate(settings, first):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment
