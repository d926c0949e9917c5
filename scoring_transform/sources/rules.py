"""Rules of a mapping as functions: one foreign record in, facts in our terms out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring_transform.sources.conditions import to_test
from scoring_transform.sources.facts import EventRef, Fact, Kind
from scoring_transform.sources.paths import ROW, Record
from scoring_transform.sources.persons import Someone, to_person_reader
from scoring_transform.sources.readers import (
    activities_of,
    read_all,
    settle,
    to_activity_readers,
    to_profile,
    to_readers,
)
from scoring_transform.sources.shapes import (
    ActivityRule,
    AttendeeRule,
    EventRule,
    Key,
    PersonRule,
    Rule,
    SessionRule,
)
from scoring_transform.sources.units import Unfit, to_text
from scoring_transform.sources.values import hashed, to_flag_reader, to_key_reader

if TYPE_CHECKING:
    from scoring_transform.sources.conditions import Test
    from scoring_transform.sources.paths import FieldPath, Read
    from scoring_transform.sources.scope import Scope
    from scoring_transform.sources.shapes import KeyValue, StreamRules

Make = Callable[[Record], Iterator[Fact]]
STUB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """One rule, ready to be applied.

    Attributes:
        label: Its name in reports, such as ``activities 2``.
        activities: The activities it can yield.
    """

    label: str
    activities: frozenset[str]
    rows: FieldPath | None
    test: Test | None
    make: Make

    def to_rows(self, record: Record) -> list[Record]:
        """Return what the rule is applied to: the record, or one for each element.

        Raises:
            Unfit: `rows` names something else than an array.
        """
        if self.rows is None:
            return [record]
        found = self.rows.read(record)
        if found is None:
            return []
        if not isinstance(found, list):
            raise Unfit(f"`{self.rows.text}` is no array")
        return [{**record, ROW: element} for element in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """Makes the rules of one foreign stream into functions."""

    scope: Scope
    stream: StreamRules

    def compile_all(self, first: int) -> list[CompiledRule]:
        """Return all rules of the stream; `first` is the place of the first of them."""
        makers: dict[Kind, Callable[..., Make]] = {
            Kind.EVENTS: self._to_event,
            Kind.SESSIONS: self._to_session,
            Kind.PEOPLE: self._to_someone,
            Kind.ATTENDEES: self._to_attendee,
            Kind.ACTIVITIES: self._to_activity,
        }
        compiled: list[CompiledRule] = []
        for kind, maker in makers.items():
            for place, rule in enumerate(getattr(self.stream, kind.value)):
                scope = self.scope.at(kind.value, place)
                scope = scope.with_rows(rule.rows) if rule.rows else scope
                make = maker(scope, rule, first + len(compiled))
                compiled.append(_compiled(scope, rule, f"{kind} {place + 1}", make))
        return compiled

    def _event(self, scope: Scope, rule: Rule) -> Callable[[Record], EventRef]:
        value = self.stream.event if rule.event is None else rule.event
        if value is None:
            scope.refuse("say which event: `event` is missing here and at the stream")
        where = self.scope.at("event") if rule.event is None else scope.at("event")
        is_alias = isinstance(value, Key) and value.alias is not None
        read = _to_event_key(where, value)

        def refer(record: Record) -> EventRef:
            native = read(record)
            if native is None:
                raise Unfit("has no value for `event`")
            return EventRef(native, is_alias)

        return refer

    def _person(
        self, scope: Scope, rule: PersonRule | ActivityRule
    ) -> Callable[[Record], Someone | None]:
        if rule.person is not None:
            return to_person_reader(scope.at("person"), rule.person)
        if self.stream.person is None:
            scope.refuse("say who: `person` is missing here and at the stream")
        return to_person_reader(self.scope.at("person"), self.stream.person)

    def _to_event(self, scope: Scope, rule: EventRule, order: int) -> Make:
        refer = self._event(scope, rule)
        paths = [scope.at("aliases").path(name) for name in rule.aliases]
        times = ("starts_at", "ends_at", "on_demand_ends_at", "updated_at")
        readers = to_readers(scope, rule, ("name", "url"), times)

        def make(record: Record) -> Iterator[Fact]:
            names = (to_text(path.read(record)) for path in paths)
            yield Fact(
                kind=Kind.EVENTS,
                event=refer(record),
                key="",
                fields=read_all(readers, record),
                order=order,
                aliases=tuple(name for name in names if name),
            )

        return make

    def _to_session(self, scope: Scope, rule: SessionRule, order: int) -> Make:
        refer = self._event(scope, rule)
        session = to_key_reader(scope.at("session"), rule.session)
        readers = to_readers(scope, rule, ("name",), ("starts_at", "ends_at"))

        def make(record: Record) -> Iterator[Fact]:
            key = session(record)
            if key is None:
                raise Unfit("has no value for `session`")
            yield Fact(
                kind=Kind.SESSIONS,
                event=refer(record),
                key=key,
                fields=read_all(readers, record),
                order=order,
            )

        return make

    def _to_someone(self, scope: Scope, rule: PersonRule, order: int) -> Make:
        if rule.event is not None:
            scope.at("event").refuse(
                "`people` belong to no event; people of an event stand in `attendees`"
            )
        person = self._person(scope, rule)
        readers = to_profile(scope, rule)

        def make(record: Record) -> Iterator[Fact]:
            yield _described(Kind.PEOPLE, None, person(record), record, readers, order)

        return make

    def _to_attendee(self, scope: Scope, rule: AttendeeRule, order: int) -> Make:
        refer = self._event(scope, rule)
        person = self._person(scope, rule)
        readers = to_profile(scope, rule) | to_readers(
            scope, rule, (), ("registered_at",)
        )
        if rule.attended is not None:
            readers["attended"] = to_flag_reader(scope.at("attended"), rule.attended)

        def make(record: Record) -> Iterator[Fact]:
            kind = Kind.ATTENDEES
            event = refer(record)
            yield _described(kind, event, person(record), record, readers, order)

        return make

    def _to_activity(self, scope: Scope, rule: ActivityRule, order: int) -> Make:
        del order
        refer = self._event(scope, rule)
        never = rule.anonymous is True
        person = (lambda _: None) if never else self._person(scope, rule)
        readers = to_activity_readers(scope, rule)
        key = to_key_reader(scope.at("key"), rule.key, partial=True)
        origin = (self.stream.stream, rule.rows or "")

        def make(record: Record) -> Iterator[Fact]:
            fields = read_all(readers, record)
            event, named = refer(record), key(record)
            if named is None:
                raise Unfit("has no value for `key`")
            someone = None if fields.get("anonymous") else person(record)
            if someone is None and not fields.get("anonymous"):
                raise Unfit("names nobody: no id, e-mail or guest's name")
            settle(fields)
            if someone is not None:
                fields["attendee_id"] = someone.key
                yield someone.to_stub(event, STUB)
            name = hashed(*origin, fields["activity"], named)
            yield Fact(
                kind=Kind.ACTIVITIES, event=event, key=name, fields=fields, order=0
            )

        return make


def _compiled(scope: Scope, rule: Rule, label: str, make: Make) -> CompiledRule:
    can_yield: frozenset[str] = frozenset()
    if isinstance(rule, ActivityRule):
        can_yield = activities_of(rule)
    return CompiledRule(
        label=label,
        activities=can_yield,
        rows=None if rule.rows is None else scope.at("rows").path(rule.rows),
        test=None if rule.when is None else to_test(scope.at("when"), rule.when),
        make=make,
    )


def _to_event_key(scope: Scope, value: KeyValue) -> Read:
    if not isinstance(value, Key) or value.alias is None:
        return to_key_reader(scope, value)
    if value != Key(alias=value.alias):
        scope.refuse("`alias` stands alone: it names an event by one of its `aliases`")
    return to_key_reader(scope.at("alias"), value.alias)


def _described(
    kind: Kind,
    event: EventRef | None,
    someone: Someone | None,
    record: Record,
    readers: dict[str, Read],
    order: int,
) -> Fact:
    if someone is None:
        raise Unfit("names nobody: no id, e-mail or guest's name")
    fields = read_all(readers, record)
    if someone.email:
        fields["email"] = someone.email
    return Fact(kind=kind, event=event, key=someone.key, fields=fields, order=order)
