"""The part of a drop's page that belongs to its way of coming in."""

import msgspec


class Panel(msgspec.Struct, frozen=True):
    """A template with what it shows as `about`, and whether this visitor may order."""

    template: str
    about: object
    may_order: bool
    only_variant: int | None = None  # what alone this visitor may have
