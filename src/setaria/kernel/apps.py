from typing import Any

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from setaria.kernel.clock import follow_database


class KernelConfig(AppConfig):
    """Registers the kernel, so that the extensions it needs are migrated first."""

    name = "setaria.kernel"
    label = "kernel"

    def ready(self) -> None:
        """Let whoever connects go by the database's clock from then on."""
        connection_created.connect(_look_at_its_clock, dispatch_uid="setaria.kernel.clock")


def _look_at_its_clock(connection: BaseDatabaseWrapper, **_: Any) -> None:
    follow_database(connection)
