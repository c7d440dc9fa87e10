"""A fan's level: what the points a brand gives are called, and how far it is to the next. Pure."""

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Level(msgspec.Struct, frozen=True):
    """A level, from so many points on."""

    points: int
    name: Promise | str


LEVELS = (
    Level(0, _("Seedling")),
    Level(100, _("In ear")),
    Level(500, _("Ripening")),
    Level(2_000, _("Full ear")),
)


class Standing(msgspec.Struct, frozen=True):
    """Where somebody stands."""

    points: int
    level: Level
    next: Level | None

    @property
    def missing(self) -> int:
        """How many points the next level is away; 0 at the top."""
        return self.next.points - self.points if self.next else 0

    @property
    def percent(self) -> int:
        """How far one is from this level to the next, 0 to 100."""
        if self.next is None:
            return 100
        return 100 * (self.points - self.level.points) // (self.next.points - self.level.points)


def standing(points: int) -> Standing:
    """Return where somebody with so many points stands."""
    reached = [level for level in LEVELS if level.points <= points] or [LEVELS[0]]
    following = next((level for level in LEVELS if level.points > points), None)
    return Standing(points, reached[-1], following)
