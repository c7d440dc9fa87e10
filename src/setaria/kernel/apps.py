from django.apps import AppConfig


class KernelConfig(AppConfig):
    """Registers the kernel, so that the extensions it needs are migrated first."""

    name = "setaria.kernel"
    label = "kernel"
