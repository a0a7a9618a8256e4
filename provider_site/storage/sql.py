"""SQL written by hand, for the statements that every client makes all the time.

Compiling a query costs Django about as much as everything else a request does together. What is here has one text for
the life of the process. It is for PostgreSQL and SQLite; wherever it does not fit (``connection_for``) the ORM does the
same, and the ORM's result is what the tests compare with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import NotSupportedError, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, CharField, DateTimeField, Field, ForeignKey, Model, TextField
from django.db.models.base import ModelState
from django.db.models.expressions import Col
from django.db.models.fields import NOT_PROVIDED
from django.db.models.signals import post_init, post_save, pre_init, pre_save

from provider_site.conf import provider_settings

VENDORS = frozenset({"postgresql", "sqlite"})


def connection_for(*models: type[Model]) -> BaseDatabaseWrapper | None:
    """Return the connection that holds the tables of all ``models``, or ``None`` where SQL by hand is not for them.

    That is where ``FAST_LANE`` is off, on another engine, with tables in several databases, and with models that the
    host has made of several tables.
    """
    if not provider_settings.fast_lane:
        return None
    alias = router.db_for_write(models[0])
    if settings.DATABASE_ROUTERS and any(router.db_for_write(model) != alias for model in models):
        return None
    connection = connections[alias]
    return connection if connection.vendor in VENDORS and _are_single_tables(models) else None


@cache
def _are_single_tables(models: tuple[type[Model], ...]) -> bool:
    return not any(model._meta.parents for model in models)


def may_insert(*models: type[Model]) -> bool:
    """Tell whether rows may be written past ``save()``.

    That is where nobody listens to it, nobody has overridden it, and the database fills in no column by itself.
    """
    return all(
        model.save is Model.save
        and not pre_save.has_listeners(model)
        and not post_save.has_listeners(model)
        and not any(one.generated or one.db_default is not NOT_PROVIDED for one in model._meta.concrete_fields)
        for model in models
    )


def execute(connection: BaseDatabaseWrapper, statement: str, parameters: Sequence[Any], *, times: bool = False) -> Any:
    """Run one statement; return its cursor, which the caller closes. ``times``: there are moments in what it returns.

    PostgreSQL binds the parameters itself, so that a prepared statement serves (``prepare_threshold`` in the
    database's ``OPTIONS``; Django's own cursor writes them into the text, which is parsed and planned each time).
    Who logs or wraps queries (DEBUG, ``execute_wrapper``) sees these too. Raises what Django's cursors raise.
    """
    try:
        return _executed(connection, statement, parameters, times)
    except NotSupportedError:
        # "cached plan must not change result type": prepared before a migration changed a column. Nothing was done.
        if getattr(connection.connection, "prepare_threshold", None) is None:
            raise
        connection.connection.prepare_threshold = None  # for this connection, until it is closed
        if connection.in_atomic_block:
            raise
        return _executed(connection, statement, parameters, times)


def _executed(connection: BaseDatabaseWrapper, statement: str, parameters: Sequence[Any], times: bool) -> Any:
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    if not hasattr(connection.connection, "prepare_threshold"):  # SQLite, or a psycopg before 3
        cursor = connection.cursor()
        cursor.execute(statement, parameters)
        return cursor
    server_side, loader = _server_side()
    with connection.wrap_database_errors:
        bare = server_side(connection.connection)
        if times and connection.timezone is UTC:
            # Django's own sets the time zone the values have already, at four times the cost.
            bare.adapters.register_loader("timestamptz", loader)
        if not connection.queries_logged and not connection.execute_wrappers:
            # Django's wrapper of a cursor costs almost as much as the statement.
            connection.validate_thread_sharing()
            connection.validate_no_broken_transaction()
            bare.execute(statement, parameters)
            return bare
    cursor = connection._prepare_cursor(bare)  # type: ignore[attr-defined]  # as cursor() does with its own
    cursor.execute(statement, parameters)
    return cursor


@cache
def _server_side() -> tuple[Any, Any]:
    from psycopg import Cursor  # noqa: PLC0415  an optional dependency
    from psycopg.types.datetime import TimestamptzLoader  # noqa: PLC0415  as above

    return Cursor, TimestamptzLoader


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of one model in a statement: how they are named there, and how rows are made of them."""

    model: type[Model]
    names: tuple[str, ...]
    start: int
    key: int
    converters: tuple[tuple[int, tuple[Callable[..., Any], ...], Any], ...]
    # Nothing of the model's own happens when an instance is made.
    is_plain: bool

    def read(self, connection: BaseDatabaseWrapper, values: list[Any]) -> Any | None:
        """Return the row as an instance of the model, or ``None`` where an outer join found none."""
        if values[self.key] is None:
            return None
        for index, functions, expression in self.converters:
            for convert in functions:
                values[index] = convert(values[index], expression, connection)
        own = values[self.start : self.start + len(self.names)]
        if not self.is_plain or pre_init.has_listeners(self.model) or post_init.has_listeners(self.model):
            return self.model.from_db(connection.alias, self.names, own)
        # What from_db() comes to, at a quarter of its time.
        instance: Any = self.model.__new__(self.model)
        instance._state = ModelState()
        instance._state.adding, instance._state.db = False, connection.alias
        instance.__dict__.update(zip(self.names, own, strict=True))
        return instance


Models = Callable[[], Mapping[str, type[Model]]]
# By a model's name in a statement the attribute names of the fields that are read; others follow at their first use.
Only = Mapping[str, frozenset[str]]
_EVERYTHING: Only = {}


def _read(name: str, model: type[Model], only: Only) -> list[Any]:
    return [one for one in model._meta.concrete_fields if name not in only or one.attname in only[name]]


def words(
    connection: BaseDatabaseWrapper, models: Mapping[str, type[Model]], only: Only = _EVERYTHING
) -> dict[str, str]:
    """Return what ``{name}``, ``{name_table}`` and ``{name_key}`` stand for in a statement.

    The columns under the name as their alias, the table, and the primary key's column.
    """
    quote, found = connection.ops.quote_name, {}
    for name, model in models.items():
        found[name] = ", ".join(f"{name}.{quote(str(one.column))}" for one in _read(name, model, only))
        found[f"{name}_table"] = quote(model._meta.db_table)
        found[f"{name}_key"] = quote(str(model._meta.pk.column))
    return found


@dataclass(frozen=True, slots=True)
class Text:
    """A statement's text, by the engine; ``models`` are those it names, asked for at the first use."""

    by_vendor: Mapping[str, str]
    models: Models
    only: Only = field(default_factory=dict)
    _made: dict[str, str] = field(default_factory=dict)

    def on(self, connection: BaseDatabaseWrapper) -> str:
        """Return the statement for an engine."""
        made = self._made.get(connection.vendor)
        if made is None:
            template = self.by_vendor[connection.vendor]
            made = self._made[connection.vendor] = template.format(**words(connection, self.models(), self.only))
        return made


@dataclass(frozen=True, slots=True)
class Select:
    """A SELECT over several tables whose rows come back as instances of their models.

    ``text`` selects the columns of ``selected``, each model under its name in ``text.models``, in this order and before
    anything else.
    """

    text: Text
    selected: Sequence[str]
    _made: dict[str, tuple[dict[str, _Columns], int]] = field(default_factory=dict)

    def rows(
        self, connection: BaseDatabaseWrapper, parameters: Sequence[Any]
    ) -> list[tuple[dict[str, Any], Sequence[Any]]]:
        """Return for each row its instances by name, ``None`` for those an outer join did not find, and the rest."""
        statement = self.text.on(connection)
        made = self._made.get(connection.vendor)
        if made is None:
            made = self._made[connection.vendor] = self._make(connection)
        parts, width = made
        with execute(connection, statement, parameters, times=True) as cursor:
            found = cursor.fetchall()
        return [
            ({name: part.read(connection, values) for name, part in parts.items()}, values[width:])
            for values in map(list, found)
        ]

    def _make(self, connection: BaseDatabaseWrapper) -> tuple[dict[str, _Columns], int]:
        parts, width, models = {}, 0, self.text.models()
        for name in self.selected:
            model, fields = models[name], _read(name, models[name], self.text.only)
            converters = []
            for index, one in enumerate(fields, start=width):
                expression = Col(name, one)
                functions = (*connection.ops.get_db_converters(expression), *expression.get_db_converters(connection))
                if functions:
                    converters.append((index, functions, expression))
            key = width + next(index for index, one in enumerate(fields) if one.primary_key)
            names = tuple(str(one.attname) for one in fields)
            is_plain = model.__init__ is Model.__init__ and model.from_db.__func__ is Model.from_db.__func__  # type: ignore[attr-defined]  # a class method
            parts[name] = _Columns(model, names, width, key, tuple(converters), is_plain)
            width += len(fields)
        return parts, width


def prepared(connection: BaseDatabaseWrapper, model: type[Model], **values: Any) -> list[Any]:
    """Return values as the database takes them, each as the field of its name would have it stored."""
    fields = model._meta._forward_fields_map  # type: ignore[attr-defined]  # get_field(), less its checks
    return [fields[name].get_db_prep_save(value, connection) for name, value in values.items()]


@dataclass(frozen=True, slots=True)
class Row:
    """A row to be inserted, of every column of a model but its own number, filled in as ``save()`` would."""

    model: Callable[[], type[Model]]
    _made: list[tuple[tuple[Any, bool], ...]] = field(default_factory=list)

    def _fields(self) -> tuple[tuple[Any, bool], ...]:
        """Return each field, and whether psycopg takes its values as they are: asking the field costs more."""
        if not self._made:
            fields = [one for one in self.model()._meta.concrete_fields if not isinstance(one, AutoField)]
            self._made.append(tuple((one, _goes_as_it_is(type(one))) for one in fields))
        return self._made[0]

    def columns(self, connection: BaseDatabaseWrapper) -> str:
        """Return the names of the columns, quoted."""
        return ", ".join(connection.ops.quote_name(str(one.column)) for one, _plain in self._fields())

    def holes(self, **texts: str) -> str:
        """Return a placeholder for each column, but for those of which ``texts`` has SQL by the name of the field."""
        return ", ".join(texts.get(one.name, "%s") for one, _plain in self._fields())

    def values(self, connection: BaseDatabaseWrapper, now: datetime, given: Mapping[str, Any]) -> list[Any]:
        """Return what the placeholders stand for; ``given`` is by attribute name, ``IN_SQL`` where there is none."""
        found, on_postgresql = [], connection.vendor == "postgresql"
        for one, plain in self._fields():
            value = given.get(one.attname, _MISSING)
            if value is IN_SQL:
                continue
            if value is _MISSING:
                timed = getattr(one, "auto_now", False) or getattr(one, "auto_now_add", False)
                value = now if timed else one.get_default()
            found.append(value if plain and on_postgresql else one.get_db_prep_save(value, connection))
        return found


def _goes_as_it_is(kind: type[Field[Any, Any]]) -> bool:
    return any(
        all(getattr(kind, name) is getattr(plain, name) for name in _PREPARATIONS)
        for plain in (CharField, TextField, DateTimeField, ForeignKey)
    )


_PREPARATIONS = ("get_prep_value", "get_db_prep_value", "get_db_prep_save")
# The value of a column that the statement itself says.
IN_SQL = object()
_MISSING = object()
