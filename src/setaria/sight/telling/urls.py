from django.urls import path

from setaria.sight.telling import wordings

app_name = "telling"

urlpatterns = [
    path("wordings/", wordings.kinds, name="wordings"),
    path("wordings/<slug:kind>/<str:language>/", wordings.edit, name="wording"),
    path("wordings/<slug:kind>/<str:language>/look", wordings.look, name="look"),
    path("wordings/<slug:kind>/<str:language>/restore", wordings.restore, name="restore"),
]
