def test_smoke(world):
    band = world.thing("band", price=14900, stock=3)
    order = world.placed((band, 2))
    assert world.codes(world.ask((band, 2))) == ["SOLD_OUT"]
    assert world.pay(order) == "PAID"
