"""Addresses of everything that Django answers; `/rush/…` and streams belong to the gate."""

urlpatterns: list[object] = []
