from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from setaria.goods.catalog.models import Product


class Entry(models.Model):
    """What a product is found by: its words with weights, and its names as they are written, for misspellings."""

    product = models.OneToOneField(Product, on_delete=models.CASCADE, primary_key=True, related_name="search_entry")
    words = SearchVectorField()
    names = models.TextField()

    class Meta:
        indexes = [
            GinIndex(fields=["words"], name="search_words"),
            GinIndex(fields=["names"], opclasses=["gin_trgm_ops"], name="search_names"),
        ]


class Stale(models.Model):
    """A product that changed since its entry was made; triggers write it, whoever changes the catalogue."""

    product_id = models.IntegerField(primary_key=True)
