from django.urls import path

from setaria.sight.office import finding, start

app_name = "office"

urlpatterns = [
    path("", start.page, name="start"),
    path("finding/", finding.page, name="finding"),
    path("finding/add", finding.add, name="teach"),
    path("finding/<int:number>/change", finding.change, name="change_words"),
]
