from django.urls import path

from setaria.sight.money import views

app_name = "money"

urlpatterns = [
    path("", views.cases, name="cases"),
    path("cases/<int:case>/resolve", views.resolve, name="resolve"),
]
