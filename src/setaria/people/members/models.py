from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone


class MemberManager(BaseUserManager["Member"]):
    """Makes members; the email is the name one signs in with."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "Member":
        """Create a member; without a password nobody can sign in by one."""
        if not email:
            raise ValueError("A member needs an email address.")
        member = self.model(email=self.normalize_email(email).lower(), **fields)
        member.set_password(password)
        member.save(using=self._db)
        return member

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "Member":
        """Create a member of staff who may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Member(AbstractBaseUser, PermissionsMixin):
    """A person with an account."""

    id = models.BigAutoField(primary_key=True)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=timezone.now)
    fan_points = models.PositiveIntegerField(default=0, help_text="What opens early lanes; given by the brand.")

    objects = MemberManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.email


class Address(models.Model):
    """Where a member's parcels go. The latest one used is offered first."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="addresses")
    recipient = models.CharField(max_length=80)
    phone = models.CharField(max_length=24)
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=60, blank=True)
    city = models.CharField(max_length=60)
    street = models.CharField(max_length=160)
    postcode = models.CharField(max_length=16, blank=True)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-used_at"]
