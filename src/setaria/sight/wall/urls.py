from django.urls import path

from setaria.sight.wall import views

app_name = "wall"

# `<market>/stream` and `<market>/figures` are the gate's.
urlpatterns = [
    path("", views.home, name="home"),
    path("<slug:market>/", views.page, name="page"),
    path("<slug:market>/ticket", views.ticket, name="ticket"),
]
