"""The chart of accounts. An amount on the debit side is positive, on the credit side negative; a balance is the sum."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Account(models.IntegerChoices):
    """Accounts, by the number accountants expect: 1 assets, 2 liabilities, 4 income, 5 costs."""

    CLEARING = 1010, _("On its way from payment providers")
    COURIERS = 1015, _("To be handed over by couriers")
    BANK = 1020, _("Bank")
    DISPUTED = 1030, _("Held back in disputes")
    CUSTOMERS = 1100, _("Customers")
    TAX = 2100, _("Tax payable")
    RETURNING = 2200, _("To be returned to customers")
    DEPOSITS = 2300, _("Deposits held")
    GIFT_CARDS = 2310, _("Gift cards and store credit")
    POINTS = 2400, _("Points owed")
    REVENUE = 4000, _("Revenue")
    DISCOUNTS = 4010, _("Discounts given")
    POINTS_GIVEN = 4030, _("Points given")
    SHIPPING = 4020, _("Shipping charged")
    FORFEITED = 4090, _("Deposits kept")
    FEES = 5100, _("Payment providers' fees")
    LOST = 5150, _("Lost in disputes")
    GOODWILL = 5200, _("Given as gift cards and store credit")


class Source(models.IntegerChoices):
    """What an entry is about; with the id of that, its key. Each thing is entered once."""

    PAYMENT = 1, _("Payment received")
    SALE = 2, _("Sale")
    REFUND = 3, _("Refund sent")
    DEPOSIT = 4, _("Deposit received")
    CREDIT = 5, _("Deposit or gift card counted towards an order")
    CREDIT_BACK = 6, _("Deposit or gift card taken back from an order that ended")
    DEPOSIT_ENDED = 7, _("Deposit returned or kept")
    RETURN = 8, _("Sale taken back")
    FEE = 9, _("Provider's fee")
    PAYOUT = 10, _("Paid out by a provider")
    COLLECTED = 11, _("Handed over by a courier")
    DISPUTED = 12, _("Held back in a dispute")
    DISPUTE_ENDED = 13, _("Dispute won or lost")
    DISPUTE_FEE = 14, _("Fee of a dispute")
    CARD = 15, _("Gift card or store credit issued")
    POINTS = 16, _("Points earned")
    POINTS_LAPSED = 17, _("Points lapsed")
    POINTS_RECALLED = 18, _("Points taken back with a return")
    POINTS_CORRECTED = 19, _("Points changed by hand")
    CORRECTION = 20, _("Entry by hand")
