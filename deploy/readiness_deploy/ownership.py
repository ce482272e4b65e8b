"""Whose a state folder is. What lies in it is run: commands, and whole releases."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path


def refuse_strangers(folder: Path) -> None:
    """Raises PermissionError, with what to do, where this folder is there and belongs to somebody else: also to root,
    who could use it, and would run what its owner puts there. One that is missing is nobody's yet."""
    try:
        owner = folder.stat().st_uid
    except FileNotFoundError:
        return
    me = os.geteuid()
    if owner != me:
        said = f"it belongs to {_name(owner)}, this process to {_name(me)}: run it as {_name(owner)}, or name another"
        raise PermissionError(errno.EPERM, f"{said} folder in `deploy.state`")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
