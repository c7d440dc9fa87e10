from django.urls import path

from setaria.sight.calendar import views

app_name = "calendar"

urlpatterns = [
    path("", views.campaigns, name="campaigns"),
    path("<slug:slug>/", views.campaign, name="campaign"),
]
