from django.urls import path

from setaria.sight.command import views

app_name = "command"

# `stream` is the gate's.
urlpatterns = [
    path("", views.centre, name="centre"),
    path("ticket", views.ticket, name="ticket"),
    path("incidents", views.add_incident, name="incidents"),
    path("shifts", views.add_shift, name="shifts"),
    path("shifts/<int:shift>/remove", views.remove_shift, name="remove_shift"),
]
