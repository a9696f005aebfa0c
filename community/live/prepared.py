"""Queries on the writer's way. Django makes their SQL once for each number of arguments; after that only the SQL runs.

To build and compile a QuerySet takes ten times as long as SQLite takes to answer it, and a lone message waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from typing import Any, Generic, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.db.models.query import ModelIterable, get_related_populators

from community.live.statements import fetch, this_threads

Row = TypeVar("Row")
One = int | str | datetime
Argument = One | Collection[int] | Collection[str]

SINGLE = (int, str, datetime)
LONG_AGO = datetime(1000, 1, 1, tzinfo=UTC)


class Prepared(Generic[Row]):
    """`build` makes a QuerySet of its arguments: single values, or collections that it looks for with `__in`.

    It may not look at the arguments, since it is given others in their stead: numbers and texts that match nothing. An
    empty collection matches nothing, too. `of` says, argument by argument, what each is or holds.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]], *of: type[One]) -> None:
        self._build = build
        self._of = of
        self._shapes: dict[tuple[str, tuple[int | None, ...]], _Shape] = {}

    def __call__(self, *arguments: Argument) -> list[Row]:
        """Run the query on this thread's connection."""
        database = this_threads()
        sizes = tuple([None if type(a) in SINGLE else _room_for(len(a)) for a in arguments])  # type: ignore[arg-type]
        shape = self._shapes.get((database.vendor, sizes))
        if shape is None:
            shape = self._shapes[database.vendor, sizes] = _Shape(self._build, self._of, sizes, database)
        return shape.rows(arguments, database)


def _room_for(count: int) -> int:
    """So that there are few shapes: the next power of two."""
    return 1 << (count - 1).bit_length() if count else 1


def _stand_in(kind: type[One], number: int) -> One:
    if kind is int:
        return -(2**62) + number
    return f"\x01{number}" if kind is str else LONG_AGO + timedelta(days=number)


class _Shape:
    """The SQL for one number of arguments, where each of them goes, and how its rows are read."""

    def __init__(
        self,
        build: Callable[..., QuerySet[Any, Any]],
        of: tuple[type[One], ...],
        sizes: tuple[int | None, ...],
        database: BaseDatabaseWrapper,
    ) -> None:
        self.sizes = sizes
        self.nothing: list[list[Any]] = []
        for kind, size in zip(of, sizes, strict=True):
            begin = sum(map(len, self.nothing))
            self.nothing.append([_stand_in(kind, begin + place) for place in range(size or 1)])
        queryset = build(
            *(values[0] if size is None else values for values, size in zip(self.nothing, sizes, strict=True))
        )
        compiler = queryset.query.get_compiler(connection=database)
        self.sql, parameters = compiler.as_sql()
        slots = {_stored(value, database): place for place, value in enumerate(chain(*self.nothing))}
        self.constants = [value for value in parameters if value not in slots]
        constants = count(len(slots))
        self.order = [slots[value] if value in slots else next(constants) for value in parameters]
        columns = compiler.select or []
        self.converters = list(compiler.get_converters([column for column, _, _ in columns]).items())
        self.model: Any = None
        if issubclass(queryset._iterable_class, ModelIterable):
            info = compiler.klass_info
            self.model = info["model"]
            self.first, self.last = info["select_fields"][0], info["select_fields"][-1] + 1
            self.names = [column.target.attname for column, _, _ in columns[self.first : self.last]]
            self.related = get_related_populators(info, columns, database.alias)  # type: ignore[call-arg]

    def rows(self, arguments: tuple[Any, ...], database: BaseDatabaseWrapper) -> list[Any]:
        given: list[Any] = []
        for argument, size, nothing in zip(arguments, self.sizes, self.nothing, strict=True):
            if size is None:
                given.append(_stored(argument, database))
            elif argument:
                values = list(argument)
                given += values
                given += values[-1:] * (size - len(values))
            else:
                given += nothing
        given += self.constants
        found: list[Any] = fetch(database, self.sql, [given[place] for place in self.order])
        if self.converters:
            found = [self._converted(row, database) for row in found]
        return [self._object(row, database.alias) for row in found] if self.model else found

    def _converted(self, row: Any, database: BaseDatabaseWrapper) -> tuple[Any, ...]:
        values = list(row)
        for place, (functions, column) in self.converters:
            for function in functions:
                values[place] = function(values[place], column, database)
        return tuple(values)

    def _object(self, row: tuple[Any, ...], alias: str) -> Any:
        made = self.model.from_db(alias, self.names, row[self.first : self.last])
        for populator in self.related:
            populator.populate(row, made)
        return made


def _stored(value: Any, database: BaseDatabaseWrapper) -> Any:
    return database.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
