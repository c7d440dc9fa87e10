"""Where one instance keeps its things, and who may use it now.

A *home* is one folder: the database cluster, the secret key, the logs, the collected static
files, and `running.json`, by which other commands (`setaria audit`, `setaria check` …) find the
instance that runs. Whoever runs an instance holds a lock on the home as long as it lives, so
two instances never share one cluster; the lock is the kernel's and vanishes with its process,
however that ends.

This module starts and stops nothing, and knows neither Django nor PostgreSQL.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

# A look at the lock (`Home.running`) holds it for microseconds; `claim` outwaits that.
CLAIM_SECONDS_MAX = 0.5

# FIPS 186-5: how many points the curve of Web Push has.
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class HomeError(Exception):
    """The home cannot be used. Its text says what happened and what to do."""


@dataclass(frozen=True)
class Running:
    """What runs in a home, as written in `running.json` by its supervisor."""

    pid: int  # of the supervisor: the process to send SIGTERM to
    port: int
    url: str  # where people click
    since: str  # ISO 8601, UTC
    database_url: str
    ready: bool  # False while it is still starting
    renewals: int = 0  # how often these were renewed on request (`setaria restart`), successfully or not
    trouble: str = ""  # why the last renewal was given up


class AlreadyRunning(HomeError):
    """Somebody else runs this home. `running` tells who, if they have written it down yet."""

    def __init__(self, home: Home, running: Running | None) -> None:
        self.running = running
        super().__init__(f"Setaria already runs in {home.path}.")


class Home:
    """One instance's folder. Nothing is made on disk before `prepare`."""

    def __init__(self, path: str | Path | None = None) -> None:
        """Take `path`, else `$SETARIA_HOME`, else `.home` in the current folder."""
        chosen = path or os.environ.get("SETARIA_HOME") or ".home"
        self.path = Path(chosen).expanduser().resolve()

    @property
    def postgres(self) -> Path:
        """The database cluster, unless its server cannot reach it here (see `embedded`)."""
        return self.path / "postgres"

    @property
    def log(self) -> Path:
        """One file a part, appended to."""
        return self.path / "log"

    @property
    def static(self) -> Path:
        """Collected at each start, served without Python."""
        return self.path / "static"

    @property
    def demo_wanted(self) -> Path:
        """Exists from the first start until the demo brand is loaded, so an interrupted load
        is taken up again by the next start.
        """
        return self.path / "demo-wanted"

    @property
    def _running_file(self) -> Path:
        return self.path / "running.json"

    @property
    def _lock_file(self) -> Path:
        return self.path / "lock"

    def prepare(self) -> None:
        """Make the folders. HomeError where that is not allowed.

        A home made by root is 0711, because PostgreSQL runs as another user and must pass
        through it; otherwise it is its owner's alone. A folder that exists keeps its mode.
        """
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            if not self.path.exists():
                self.path.mkdir(parents=True)
                self.path.chmod(mode)
            self.log.mkdir(mode=0o700, exist_ok=True)
            self.static.mkdir(mode=0o755, exist_ok=True)
        except OSError as error:
            raise HomeError(self._refusal(error)) from error

    def claim(self) -> Claim:
        """Take the home for this process, until it ends or calls `Claim.release`.

        AlreadyRunning if another process has it.
        """
        try:
            lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise HomeError(self._refusal(error)) from error
        deadline = time.monotonic() + CLAIM_SECONDS_MAX
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return Claim(self, lock)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(lock)
                    raise AlreadyRunning(self, self._read_running()) from None
                time.sleep(0.02)

    def running(self) -> Running | None:
        """What runs here now, or None. A file left by a killed supervisor does not count."""
        try:
            lock = os.open(self._lock_file, os.O_RDONLY)
        except OSError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._read_running()
        else:
            return None
        finally:
            os.close(lock)

    def secret_key(self) -> str:
        """The key that signs sessions and passes; made at the first call, readable by the
        owner only. Losing it signs everybody out and loses nothing else.
        """
        file = self.path / "secret_key"
        try:
            return file.read_text().strip()
        except FileNotFoundError:
            self._write_private(file, secrets.token_urlsafe(48) + "\n", keep_existing=True)
            return file.read_text().strip()
        except OSError as error:
            raise HomeError(self._refusal(error)) from error

    def push_key(self) -> str:
        """The private key by which push services know us, made at the first call: a number below the order of P-256,
        32 bytes as base64url. Losing it ends all push subscriptions, which people then make anew.
        """
        file = self.path / "push_key"
        try:
            return file.read_text().strip()
        except FileNotFoundError:
            key = urlsafe_b64encode((1 + secrets.randbelow(P256_ORDER - 1)).to_bytes(32, "big")).decode().rstrip("=")
            self._write_private(file, key + "\n", keep_existing=True)
            return file.read_text().strip()
        except OSError as error:
            raise HomeError(self._refusal(error)) from error

    def _read_running(self) -> Running | None:
        try:
            return Running(**json.loads(self._running_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _write_private(self, file: Path, text: str, *, keep_existing: bool = False) -> None:
        """Write whole or not at all, mode 0600; `keep_existing`: the first writer wins."""
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        if not keep_existing:
            draft.replace(file)
            return
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()

    def _refusal(self, error: OSError) -> str:
        return (
            f"The home {self.path} cannot be used: {error.strerror} ({error.filename}).\n"
            "Nothing was changed. Use a folder of your own: `setaria up --home DIR`, or run as "
            "the user who made this one."
        )


def nothing_runs(home: Home) -> str:
    """What to say where nothing runs: what to do, and where else something does."""
    others = "".join(f"\n  --home {other.path} ({running.url})" for other, running in running_homes())
    if others:
        return f"Nothing runs in {home.path}. On this machine run, and can be worked on with:{others}"
    return f"Nothing runs here ({home.path}). Start it with `setaria up`, or set DATABASE_URL."


def running_homes() -> list[tuple[Home, Running]]:
    """All homes that run on this machine, as far as this user may see, by their paths.

    Whoever runs one holds its lock open, which Linux tells of; elsewhere nothing is found.
    """
    paths = set()
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            target = Path(os.readlink(descriptor))
            if target.name == "lock" and (target.parent / "running.json").exists():
                paths.add(target.parent)
    found = [(home, home.running()) for home in map(Home, sorted(paths))]
    return [(home, running) for home, running in found if running is not None]


class Claim:
    """A held home. Only its holder writes `running.json`."""

    def __init__(self, home: Home, lock: int) -> None:
        self._home = home
        self._lock = lock

    def write(self, running: Running) -> None:
        """Tell others what runs here."""
        self._home._write_private(self._home._running_file, json.dumps(asdict(running)) + "\n")

    def release(self) -> None:
        """Give the home back. Calling it again does nothing."""
        if self._lock < 0:
            return
        self._home._running_file.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1
