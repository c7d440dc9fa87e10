from django.urls import path

from setaria.sight.money import cards, differences, disputes, door, exempt, order, points, promotions, rates, views

app_name = "money"

urlpatterns = [
    path("", views.cases, name="cases"),
    path("cases/<int:case>/resolve", views.resolve, name="resolve"),
    path("differences/", differences.page, name="differences"),
    path("differences/<int:difference>/resolve", differences.resolve, name="resolve_difference"),
    path("orders/", order.find, name="find"),
    path("orders/<uuid:order_id>/", order.page, name="order"),
    path("orders/<uuid:order_id>/refund", order.refund, name="refund"),
    path("refunds/<uuid:refund_id>/paid", order.paid_by_bank, name="paid_by_bank"),
    path("disputes/", disputes.page, name="disputes"),
    path("disputes/<uuid:dispute>/end", disputes.end, name="end_dispute"),
    path("door/", door.page, name="door"),
    path("door/handed", door.hand_over_list, name="handed_list"),
    path("door/<uuid:order_id>/handed", door.hand_over, name="handed"),
    path("door/<uuid:order_id>/refused", door.refuse, name="refused"),
    path("promotions/", promotions.page, name="promotions"),
    path("promotions/make", promotions.make, name="make_promotion"),
    path("promotions/<int:promotion>/codes", promotions.add_codes, name="promotion_codes"),
    path("promotions/<int:promotion>/end", promotions.end, name="end_promotion"),
    path("points/", points.find, name="points"),
    path("points/<int:member_id>/", points.page, name="points_of"),
    path("points/<int:member_id>/correct", points.correct, name="correct_points"),
    path("cards/", cards.page, name="cards"),
    path("cards/find", cards.find, name="find_card"),
    path("cards/issue", cards.make, name="issue_card"),
    path("cards/<uuid:card>/block", cards.block, name="block_card"),
    path("cards/<uuid:card>/lift", cards.lift, name="lift_card"),
    path("rates/", rates.page, name="rates"),
    path("rates/tax", rates.set_tax, name="set_tax"),
    path("rates/tax/<int:rate>/withdraw", rates.withdraw_tax, name="withdraw_tax"),
    path("rates/delivery-tax", rates.set_delivery_tax, name="set_delivery_tax"),
    path("rates/delivery-tax/<int:rate>/withdraw", rates.withdraw_delivery_tax, name="withdraw_delivery_tax"),
    path("rates/delivery/<int:rate>/withdraw", rates.withdraw_delivery, name="withdraw_delivery"),
    path("rates/delivery", rates.set_delivery, name="set_delivery"),
    path("exempt/", exempt.page, name="exempt"),
    path("exempt/note", exempt.note, name="note_exempt"),
    path("exempt/<int:exemption>/end", exempt.end, name="end_exempt"),
]
