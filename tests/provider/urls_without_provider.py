"""A host that forgot the provider's addresses."""

urlpatterns: list[object] = []
