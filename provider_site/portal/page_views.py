"""Views of pages that are imported when somebody first opens one: most requests are machines', which need none."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

# What Django and EndpointMiddleware ask every view of a URL configuration, to no purpose here.
_ASKED_OF_ALL = frozenset({"view_class", "is_machine_endpoint"})


class PageView:
    """A class-based view by the name of its class in this package: ``PageView("profile.ProfileView")``.

    Decorators of the view are seen by middleware as ever: whoever asks for one of its attributes has it imported.
    """

    def __init__(self, name: str) -> None:
        """Take the name as it is: whether there is such a view is found at its import."""
        module, _dot, self.__name__ = name.rpartition(".")
        self.__module__ = f"{__package__}.{module}"
        self.__qualname__ = self.__name__

    @cached_property
    def view(self) -> Any:
        """Return the view function, made once.

        Raises ImportError or AttributeError where there is no such class.
        """
        return getattr(import_module(self.__module__), self.__name__).as_view()

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = self.view(request, *args, **kwargs)
        return response

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or (name in _ASKED_OF_ALL and "view" not in vars(self)):
            raise AttributeError(name)
        return getattr(self.view, name)
