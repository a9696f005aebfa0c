"""Queries on the writer's way. Django makes their SQL once for each number of arguments; after that only the SQL runs.

To build and compile a QuerySet takes ten times as long as SQLite takes to answer it, and a lone message waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import QuerySet
from django.db.models.query import ModelIterable, get_related_populators

Row = TypeVar("Row")
One = int | str | datetime
Argument = One | Collection[int] | Collection[str]

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
        sizes = tuple(
            None if isinstance(argument, int | str | datetime) else _room_for(len(argument))
            for argument in arguments
        )
        shape = self._shapes.get((connection.vendor, sizes))
        if shape is None:
            shape = self._shapes[connection.vendor, sizes] = _Shape(self._build, self._of, sizes)
        return shape.rows(arguments)


def _room_for(count: int) -> int:
    """So that there are few shapes: the next power of two."""
    return 1 << max(0, count - 1).bit_length()


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
    ) -> None:
        number = 0
        stand_ins: list[Any] = []
        places: dict[Any, tuple[int, int]] = {}
        for argument, (kind, size) in enumerate(zip(of, sizes, strict=True)):
            values = [_stand_in(kind, number + place) for place in range(size or 1)]
            number += len(values)
            places |= {_for_database(value): (argument, place) for place, value in enumerate(values)}
            stand_ins.append(values[0] if size is None else values)
        queryset = build(*stand_ins)
        self.compiler = queryset.query.get_compiler(connection=connection)
        self.sql, parameters = self.compiler.as_sql()
        self.parameters = [(places.get(value), value) for value in parameters]
        self.sizes = sizes
        columns = self.compiler.select or []
        self.converters = list(self.compiler.get_converters([column for column, _, _ in columns]).items())
        self.model: Any = None
        if issubclass(queryset._iterable_class, ModelIterable):
            info = self.compiler.klass_info
            self.model = info["model"]
            self.first, self.last = info["select_fields"][0], info["select_fields"][-1] + 1
            self.names = [column.target.attname for column, _, _ in columns[self.first : self.last]]
            self.related = get_related_populators(info, columns, connection.alias)  # type: ignore[call-arg]

    def rows(self, arguments: tuple[Any, ...]) -> list[Any]:
        given = [
            [_for_database(argument)] if size is None else list(argument)
            for argument, size in zip(arguments, self.sizes, strict=True)
        ]
        parameters = []
        for place, value in self.parameters:
            if place is not None and given[place[0]]:
                values = given[place[0]]
                parameters.append(values[min(place[1], len(values) - 1)])
            else:
                parameters.append(value)
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            found: list[Any] = cursor.fetchall()
        if self.converters:
            found = [self._converted(row) for row in found]
        return [self._object(row) for row in found] if self.model else found

    def _converted(self, row: Any) -> tuple[Any, ...]:
        values = list(row)
        for place, (functions, column) in self.converters:
            for function in functions:
                values[place] = function(values[place], column, connection)
        return tuple(values)

    def _object(self, row: tuple[Any, ...]) -> Any:
        made = self.model.from_db(connection.alias, self.names, row[self.first : self.last])
        for populator in self.related:
            populator.populate(row, made)
        return made


def _for_database(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
