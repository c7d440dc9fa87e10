"""Addresses of the store."""

from django.urls import path

from setaria.channels.storefront import (
    account,
    basket,
    checkout,
    design,
    drop,
    home,
    listing,
    order,
    preferences,
    product,
    programme,
    room,
)

app_name = "store"
urlpatterns = [
    path("", home.page, name="home"),
    path("kinds/<slug:slug>/", listing.page, name="kind"),
    path("search/", listing.search, name="search"),
    path("search/suggest", listing.suggest, name="suggest"),
    path("products/<slug:slug>/", product.page, name="product"),
    path("drops/<slug:slug>/", drop.page, name="drop"),
    path("drops/<slug:slug>/pass", drop.leave, name="drop_pass"),
    path("programmes/<slug:slug>/", programme.page, name="programme"),
    path("programmes/<slug:slug>/pass", programme.allow, name="programme_pass"),
    path("places/<uuid:place_id>/", programme.place, name="place"),
    path("places/<uuid:place_id>/pay", programme.pay, name="place_pay"),
    path("places/<uuid:place_id>/withdraw", programme.withdraw, name="place_withdraw"),
    path("deposits/<uuid:number>/", programme.deposit, name="deposit"),
    path("drops/<slug:slug>/queue.json", room.proof, name="queue_proof"),
    path("basket/", basket.page, name="basket"),
    path("basket/add", basket.add, name="basket_add"),
    path("basket/change", basket.change, name="basket_change"),
    path("checkout/", checkout.page, name="checkout"),
    path("orders/<uuid:order_id>/", order.page, name="order"),
    path("orders/<uuid:order_id>/pay", order.pay, name="order_pay"),
    path("orders/<uuid:order_id>/cancel", order.cancel, name="order_cancel"),
    path("orders/<uuid:order_id>/address", order.address, name="order_address"),
    path("account/", account.page, name="account"),
    path("account/name", account.rename, name="account_name"),
    path("account/addresses/<int:address_id>/forget", account.forget_address, name="address_forget"),
    path("choose/market", preferences.choose_market, name="choose_market"),
    path("choose/theme", preferences.choose_theme, name="choose_theme"),
    path("design/", design.page, name="design"),
]
