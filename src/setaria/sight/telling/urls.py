from django.urls import path

from setaria.sight.telling import announcements, bounces, entrance, webhooks, wordings

app_name = "telling"

urlpatterns = [
    path("", entrance.first, name="first"),
    path("announcements/", announcements.listed, name="announcements"),
    path("announcements/new/", announcements.new, name="announce"),
    path("announcements/<uuid:announcement>/", announcements.page, name="announcement"),
    path("announcements/<uuid:announcement>/change/", announcements.change, name="change_announcement"),
    path("announcements/<uuid:announcement>/approve", announcements.approve, name="approve_announcement"),
    path("announcements/<uuid:announcement>/try", announcements.try_out, name="try_announcement"),
    path("announcements/<uuid:announcement>/stop", announcements.stop, name="stop_announcement"),
    path("bounces/", bounces.listed, name="bounces"),
    path("bounces/<int:bounce>/lift", bounces.lift, name="lift"),
    path("webhooks/", webhooks.listed, name="webhooks"),
    path("webhooks/<uuid:endpoint>/", webhooks.page, name="webhook"),
    path("webhooks/<uuid:endpoint>/act", webhooks.act, name="webhook_act"),
    path("webhooks/<uuid:endpoint>/deliveries/<int:delivery>/again", webhooks.again, name="again"),
    path("wordings/", wordings.kinds, name="wordings"),
    path("wordings/<slug:kind>/<str:language>/", wordings.edit, name="wording"),
    path("wordings/<slug:kind>/<str:language>/look", wordings.look, name="look"),
    path("wordings/<slug:kind>/<str:language>/restore", wordings.restore, name="restore"),
]
