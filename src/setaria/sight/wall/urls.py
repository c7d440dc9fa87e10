from django.urls import path

from setaria.sight.wall import views

app_name = "wall"

# `<market>/stream` and `<market>/figures` are the gate's.
urlpatterns = [
    path("", views.home, name="home"),
    path("<slug:market>/", views.live, {"page": "night"}, name="page"),
    path("<slug:market>/parts/", views.live, {"page": "parts"}, name="parts"),
    path("<slug:market>/ticket", views.ticket, name="ticket"),
    path("<slug:market>/events/", views.events, name="events"),
    path("<slug:market>/events/<slug:event>/", views.replay, {"page": "night"}, name="replay"),
    path("<slug:market>/events/<slug:event>/parts/", views.replay, {"page": "parts"}, name="replay_parts"),
    path("<slug:market>/events/<slug:event>/recording", views.recording, name="recording"),
]
