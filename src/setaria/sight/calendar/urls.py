from django.urls import path

from setaria.sight.calendar import signatures, views

app_name = "calendar"

urlpatterns = [
    path("", views.campaigns, name="campaigns"),
    path("<slug:slug>/", views.campaign, name="campaign"),
    path("<slug:slug>/approve", signatures.campaign, name="approve"),
    path("<slug:slug>/messages/<int:message>/approve", signatures.message, name="approve_message"),
    path("<slug:slug>/call-off", signatures.call_off, name="call_off"),
]
