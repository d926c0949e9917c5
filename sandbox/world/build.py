"""Build the world from its seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sandbox.world.behaviour import act, stay_live, watch_recording
from sandbox.world.facts import Deed, Person, Stay, Webinar, WebinarSession
from sandbox.world.people import TEAM, Crowd

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = 1
HUBILO_EVENT_ID = 48213
HUBILO_NAME = "Forecasting without the fuss"
ZOOM_ID = 90000000042
ZOOM_NAME = "Budgets that survive the year"

_START = datetime(2026, 9, 22, 14, 0, tzinfo=UTC)
_ZOOM_START = datetime(2026, 10, 29, 15, 0, tzinfo=UTC)
_TITLES = (
    "Why forecasts fail, and what to do first",
    "A forecast in an afternoon: live build",
    "From forecast to decision",
)
_ATTENDEES = 290
_OVERLAP = 45
_NEWCOMERS = 73
_LIVE_SHARE = 0.70
_RECORDED_SHARE = 0.35
_ANONYMOUS_SHARE = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Both webinars."""

    hubilo: Webinar
    zoom: Webinar


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """How likely and how keenly a person takes part."""

    keenness: float
    live: bool
    recorded: bool


def build_world(seed: int = SEED) -> World:
    """Return the world that belongs to a seed, the same each time."""
    rng = random.Random(seed)  # noqa: S311 - a made-up world, no secret
    crowd = Crowd(rng)
    hubilo = _build_hubilo(rng, crowd)
    return World(hubilo=hubilo, zoom=_build_zoom(rng, crowd, hubilo.people))


def _build_hubilo(rng: random.Random, crowd: Crowd) -> Webinar:
    ends_at = datetime(2026, 10, 20, 17, 0, tzinfo=UTC)
    sessions = tuple(
        WebinarSession(
            number=73101 + index,
            name=title,
            starts_at=_START + timedelta(hours=index),
            ends_at=_START + timedelta(hours=index, minutes=45),
        )
        for index, title in enumerate(_TITLES)
    )
    groups = ("ATTENDEE",) * _ATTENDEES + TEAM
    people = tuple(crowd.draw(group, _START) for group in groups)
    deleted = tuple(crowd.draw("ATTENDEE", _START) for _ in range(2))
    habits = {person: _draw_habit(rng, person) for person in (*people, *deleted)}
    stays = tuple(
        stay
        for person, habit in habits.items()
        for stay in _watch(rng, person, habit, sessions, ends_at)
    )
    return Webinar(
        number=HUBILO_EVENT_ID,
        name=HUBILO_NAME,
        starts_at=_START - timedelta(minutes=30),
        ends_at=ends_at,
        sessions=sessions,
        people=people,
        deleted=deleted,
        stays=stays,
        deeds=_do(rng, stays, habits),
    )


def _build_zoom(rng: random.Random, crowd: Crowd, known: Sequence[Person]) -> Webinar:
    """Return a single-session webinar, five weeks later, with some of the same."""
    session = WebinarSession(
        number=1,
        name=ZOOM_NAME,
        starts_at=_ZOOM_START,
        ends_at=_ZOOM_START + timedelta(minutes=60),
    )
    people = _gather_again(rng, crowd, known)
    habits = {
        person: replace(_draw_habit(rng, person), recorded=False) for person in people
    }
    stays = tuple(
        replace(stay, stream="LIVE")
        for person, habit in habits.items()
        for stay in _watch(rng, person, habit, (session,), session.ends_at)
        if stay.milliseconds
    )
    return Webinar(
        number=ZOOM_ID,
        name=ZOOM_NAME,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        sessions=(session,),
        people=people,
        deleted=(),
        stays=stays,
        deeds=_do(rng, stays, habits),
    )


def _gather_again(
    rng: random.Random, crowd: Crowd, known: Sequence[Person]
) -> tuple[Person, ...]:
    """Return some of those who are known, newcomers, a host and a speaker."""
    again = [person for person in known if person.group == "ATTENDEE"][:_OVERLAP]
    new = [crowd.draw("ATTENDEE", _ZOOM_START) for _ in range(_NEWCOMERS)]
    team = [crowd.draw(group, _ZOOM_START) for group in ("ORGANISER", "SPEAKER")]
    return tuple(
        replace(
            person,
            registered_at=_ZOOM_START - timedelta(seconds=rng.randrange(3600, 700_000)),
        )
        for person in (*again, *new, *team)
    )


def _draw_habit(rng: random.Random, person: Person) -> _Habit:
    keenness = rng.betavariate(1.6, 1.8)
    if person.group != "ATTENDEE":
        return _Habit(keenness=0.9, live=True, recorded=False)
    return _Habit(
        keenness=keenness,
        live=rng.random() < _LIVE_SHARE,
        recorded=rng.random() < _RECORDED_SHARE,
    )


def _watch(
    rng: random.Random,
    person: Person,
    habit: _Habit,
    sessions: Sequence[WebinarSession],
    until: datetime,
) -> list[Stay]:
    """Return a person's stays; whoever comes at all, comes to the first session."""
    stays: list[Stay] = []
    for index, session in enumerate(sessions):
        comes = index == 0 or rng.random() < 0.35 + 0.6 * habit.keenness
        if habit.live and comes:
            stays.extend(stay_live(rng, person, session, habit.keenness))
        if habit.recorded and comes:
            stays.append(watch_recording(rng, person, session, habit.keenness, until))
    return stays


def _do(
    rng: random.Random, stays: Sequence[Stay], habits: dict[Person, _Habit]
) -> tuple[Deed, ...]:
    deeds = [
        _perhaps_anonymous(rng, deed)
        for stay in stays
        for deed in act(rng, [stay], habits[stay.person].keenness)
    ]
    return tuple(sorted(deeds, key=lambda deed: (deed.at, deed.kind, deed.subject)))


def _perhaps_anonymous(rng: random.Random, deed: Deed) -> Deed:
    if deed.kind == "question" and rng.random() < _ANONYMOUS_SHARE:
        return replace(deed, person=None)
    return deed
