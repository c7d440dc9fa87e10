"""Setaria: the commerce system of a brand that sells what it makes."""

__version__ = "0.1.0"
