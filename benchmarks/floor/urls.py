"""Addresses of the floor."""

from django.urls import path

from benchmarks.floor import views

urlpatterns = [
    path("nothing", views.nothing),
    path("select_orm", views.select_orm),
    path("select_sql", views.select_sql),
    path("insert_orm", views.insert_orm),
    path("insert_sql", views.insert_sql),
]
