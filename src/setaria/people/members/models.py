"""Who buys: members with an account, guests without one, and the addresses of members."""

from typing import Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils import timezone


class MemberManager(BaseUserManager["Member"]):
    """Makes members; the email is the name one signs in with."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "Member":
        """Create a member whose address an operator vouches for; without a password nobody can sign in by one."""
        if not email:
            raise ValueError("A member needs an email address.")
        member = self.model(email=self.normalize_email(email).lower(), **fields)
        member.set_password(password)
        member.save(using=self._db)
        apps.get_model("account", "EmailAddress").objects.create(
            user=member, email=member.email, verified=True, primary=True
        )
        return member

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "Member":
        """Create a member of staff who may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Member(AbstractBaseUser, PermissionsMixin):
    """A customer: a person with an account, or a guest (`Guest`), who has none and cannot sign in.

    An account is known by an email address, a telephone number or both. A number counts only once it is verified:
    until then anybody may have written it, so it is nobody's.
    """

    id = models.BigAutoField(primary_key=True)
    email = models.EmailField(unique=True, null=True, blank=True)
    phone = models.CharField(max_length=16, null=True, blank=True, help_text="As E.164, like +8613800000000.")
    phone_verified = models.BooleanField(default=False)
    name = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=timezone.now)
    fan_points = models.PositiveIntegerField(default=0, help_text="What opens early lanes; given by the brand.")
    erased_at = models.DateTimeField(null=True, blank=True, help_text="Since when nothing personal is kept.")

    objects = MemberManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["phone"], condition=Q(phone_verified=True), name="member_phone_one_owner"),
            models.CheckConstraint(
                condition=Q(phone_verified=False) | Q(phone__isnull=False), name="member_phone_known"
            ),
            models.CheckConstraint(condition=~Q(email="") & ~Q(phone=""), name="member_contact_or_none"),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True)
                | Q(email__isnull=True, phone__isnull=True, name="", is_active=False),
                name="member_erased_is_empty",
            ),
        ]

    def __str__(self) -> str:
        return self.email or self.phone or f"member {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write it; no address is NULL, so that any number of members may have none."""
        self.email = self.email or None
        super().save(*args, **kwargs)

    @property
    def contact(self) -> str:
        """Where this person is reached: the email address, else the number; empty for nobody."""
        return self.email or (self.phone if self.phone_verified and self.phone else "")


class Guest(models.Model):
    """Somebody who buys without an account: one customer for each address or number, so that limits hold.

    Typing an address proves nothing: a guest is never the account of that address. Its orders become the account's
    when the address is verified there (`trade.orders.adopt`).
    """

    member = models.OneToOneField(Member, on_delete=models.PROTECT, primary_key=True)
    contact = models.CharField(max_length=254, null=True, unique=True, help_text="An email address, or E.164.")

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(contact=""), name="guest_contact_or_none")]

    def __str__(self) -> str:
        return self.contact or f"guest {self.pk}"


class Address(models.Model):
    """Where a member's parcels go. The one marked as usual is offered first, else the latest one used."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="addresses")
    recipient = models.CharField(max_length=80)
    phone = models.CharField(max_length=24)
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=60, blank=True)
    city = models.CharField(max_length=60)
    street = models.CharField(max_length=160)
    postcode = models.CharField(max_length=16, blank=True)
    usual = models.BooleanField(default=False)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-usual", "-used_at"]
        constraints = [
            models.UniqueConstraint(fields=["member"], condition=Q(usual=True), name="address_one_usual"),
        ]
