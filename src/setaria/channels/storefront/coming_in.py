"""What a drop's page says about coming in, where not everybody may just buy: a panel, by the drop's admission."""

from datetime import datetime

from setaria.channels.storefront import draw, friend_code, room
from setaria.channels.storefront.panel import Panel
from setaria.people.members.models import Member
from setaria.trade.drops.models import Drop


def panel(drop: Drop, member: Member | None, at: datetime) -> Panel | None:
    """Return a drop's panel; None where whoever comes may buy."""
    match drop.admission:
        case Drop.Admission.QUEUE:
            return room.panel(drop, member, at)
        case Drop.Admission.DRAW:
            return draw.panel(drop, member, at)
        case Drop.Admission.CODE:
            return friend_code.panel(drop, member, at)
        case _:
            return None
