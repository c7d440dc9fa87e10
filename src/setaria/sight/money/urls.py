from django.urls import path

from setaria.sight.money import differences, order, views

app_name = "money"

urlpatterns = [
    path("", views.cases, name="cases"),
    path("cases/<int:case>/resolve", views.resolve, name="resolve"),
    path("differences/", differences.page, name="differences"),
    path("differences/<int:difference>/resolve", differences.resolve, name="resolve_difference"),
    path("orders/", order.find, name="find"),
    path("orders/<uuid:order_id>/", order.page, name="order"),
    path("orders/<uuid:order_id>/refund", order.refund, name="refund"),
]
