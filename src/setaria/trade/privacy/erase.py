"""Forgetting a person, and keeping the books: what was sold for how much stays, who it was goes."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from setaria.people.members.guests import guests_of
from setaria.people.members.models import Address, Guest, Member
from setaria.people.notices.models import Bounce, Device, Message, Reader, Refusal
from setaria.trade.alerts.models import Alert
from setaria.trade.baskets.forget import forget_member
from setaria.trade.invoices.models import Billing
from setaria.trade.orders.models import Destination, Order
from setaria.trade.privacy.running import Running, running
from setaria.trade.quotes import exempt

GONE = ""


class StillRunning(Exception):
    """Something is under way that needs the person; nothing was changed."""

    def __init__(self, what: list[Running]) -> None:
        super().__init__(f"{len(what)} still under way")
        self.what = what


def erase(member_id: int, *, now: datetime) -> None:
    """Forget a member or a guest: account, contacts, addresses, basket, alerts, messages, and whose parcels went where.

    The row stays, empty, since orders, draws and ledgers point at it; so do figures, regions and cities of orders
    (law 12: the counters are the orders). All sessions end. Raises StillRunning; doing it again changes nothing.
    """
    with transaction.atomic():
        member = Member.objects.select_for_update().get(pk=member_id)
        if member.erased_at is not None:
            return
        if what := running(member_id, now):
            raise StillRunning(what)
        contacts = [each for each in (member.email, member.phone if member.phone_verified else None) if each]
        contacts += EmailAddress.objects.filter(user=member, verified=True).values_list("email", flat=True)
        as_guest = Guest.objects.filter(pk__in=[member_id, *guests_of(member)])
        contacts += [guest.contact for guest in as_guest if guest.contact]
        people = [member_id, *as_guest.values_list("pk", flat=True)]
        Device.objects.filter(member__in=people).delete()
        Reader.objects.filter(member__in=people).delete()
        Refusal.objects.filter(member__in=people).delete()
        as_guest.update(contact=None)
        _forget_what_hangs_on(member, contacts)
        orders = Order.objects.filter(customer_id=member_id).values("pk")
        Destination.objects.filter(pk__in=orders).update(recipient=GONE, phone=GONE, street=GONE, postcode=GONE)
        Billing.objects.filter(pk__in=orders).delete()  # an invoice that was written has its own, which the law keeps
        for exemption in exempt.in_force(now).filter(
            member_id=member_id
        ):  # its certificate says why orders have no tax
            exempt.end(exemption.pk, by="-", now=now)
        member.email = member.phone = None
        member.phone_verified = member.is_active = member.is_staff = member.is_superuser = False
        member.name, member.last_login, member.erased_at = "", None, now
        member.set_unusable_password()  # which ends every session there is, those we do not list, too
        member.save()
        member.groups.clear()
        member.user_permissions.clear()


def _forget_what_hangs_on(member: Member, contacts: list[str]) -> None:
    for session in UserSession.objects.filter(user=member):
        SessionStore(session.session_key).delete()
    for table in (UserSession, Authenticator, SocialAccount, EmailAddress):
        table.objects.filter(user=member).delete()
    Address.objects.filter(member=member).delete()
    Message.objects.filter(member=member).delete()
    Message.objects.filter(recipient__in=contacts).delete()
    Bounce.objects.filter(address__in=[contact.lower() for contact in contacts]).delete()
    Alert.objects.filter(member=member).delete()
    Alert.objects.filter(email__in=contacts).delete()
    forget_member(member.pk)
