from django.urls import path

from setaria.trade.payments.sandbox import views

app_name = "sandbox"

urlpatterns = [path("<uuid:payment_id>/", views.pay, name="pay")]
