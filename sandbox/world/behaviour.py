"""How invented people behave: some keen, some idle, some only later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.world.facts import Deed, Person, Stay, WebinarSession

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator
    from datetime import datetime

POLLS = (
    ("How do you forecast today?", ("Spreadsheet", "A planning tool", "We do not")),
    ("How often do you re-forecast?", ("Weekly", "Monthly", "Quarterly")),
    ("What hurts most?", ("Data quality", "Buy-in", "Time")),
    ("Who owns the forecast?", ("Finance", "Operations", "Sales")),
    ("Which topic should come next?", ("Budgets", "Scenarios", "Hiring plans")),
)
CTAS = ("Pricing", "Book a demo", "Read the guide", "Join the community")
FILES = ("Forecasting workbook.xlsx", "Slides.pdf", "Checklist.pdf")
REACTIONS = ("clap", "heart", "wow")
CHATS = (
    "Hello everyone",
    "This matches what we see",
    "Could you repeat the last point?",
    "Great example, thank you",
    "We tried that last year",
    "Sound is fine now",
)
QUESTIONS = (
    "Will the slides be shared?",
    "How do you treat one-off orders?",
    "Does this work with weekly data?",
    "What does it cost for a team of ten?",
    "Can it read from our data warehouse?",
    "How long does a rollout take?",
)

# kind, how many times at most in a session, chance per try of a very keen person
HABITS = (
    ("chat", 4, 0.35),
    ("poll_response", 2, 0.85),
    ("cta_click", 2, 0.30),
    ("raise_hand", 2, 0.12),
    ("reaction", 6, 0.40),
    ("session_rating", 1, 0.45),
    ("file_download", 2, 0.35),
    ("question", 2, 0.30),
)
ON_DEMAND_KINDS = ("cta_click", "session_rating", "file_download")


def stay_live(
    rng: random.Random, person: Person, session: WebinarSession, keenness: float
) -> Iterator[Stay]:
    """Yield the stays of one person in one live session: one, or two with a break."""
    length = session.ends_at - session.starts_at
    joined = session.starts_at + length * (rng.random() * 0.25 * (1.2 - keenness))
    left = joined + (session.ends_at - joined) * min(1.0, 0.25 + keenness)
    if rng.random() < 0.2:  # noqa: PLR2004 - a share
        middle = joined + (left - joined) * (0.3 + 0.4 * rng.random())
        yield _stay(rng, person, session, "LIVE", joined, middle)
        # A second device or a reconnection may start before the first stay ends.
        joined = middle + timedelta(seconds=rng.randrange(-120, 240))
        left = max(left, joined + timedelta(seconds=30))
    yield _stay(rng, person, session, "LIVE", joined, left)


def watch_recording(
    rng: random.Random,
    person: Person,
    session: WebinarSession,
    keenness: float,
    until: datetime,
) -> Stay:
    """Return one look at a recording between the session's end and ``until``."""
    span = until - session.ends_at - timedelta(hours=2)
    joined = session.ends_at + timedelta(minutes=5) + span * rng.random() ** 2
    length = (session.ends_at - session.starts_at) * (0.1 + 0.9 * keenness)
    return _stay(rng, person, session, "RECORDED", joined, joined + length)


def _stay(
    rng: random.Random,
    person: Person,
    session: WebinarSession,
    stream: str,
    joined: datetime,
    left: datetime,
) -> Stay:
    joined = joined.replace(microsecond=rng.randrange(1000) * 1000)
    left = max(left, joined + timedelta(seconds=5)).replace(microsecond=0)
    left += timedelta(milliseconds=rng.randrange(1000))
    counted = (left - joined) // timedelta(milliseconds=1)
    if rng.random() < 0.015:  # noqa: PLR2004 - a share
        # A tab left open: leaving two days later, nothing counted.
        left, counted = left + timedelta(days=2), 0
    return Stay(
        person=person,
        session=session,
        stream=stream,
        joined_at=joined,
        left_at=left,
        milliseconds=counted,
    )


def act(rng: random.Random, stays: Iterable[Stay], keenness: float) -> Iterator[Deed]:
    """Yield what a person does while staying in one session."""
    for stay in stays:
        if not stay.milliseconds:
            continue
        counted = timedelta(milliseconds=stay.milliseconds)
        for kind, most, chance in HABITS:
            if stay.stream == "RECORDED" and kind not in ON_DEMAND_KINDS:
                continue
            subjects = _subjects(rng, kind, stay.session, most)
            for subject, text in subjects:
                if rng.random() < chance * keenness:
                    at = (stay.joined_at + counted * rng.random()).replace(
                        microsecond=0
                    )
                    yield Deed(
                        kind=kind,
                        person=stay.person,
                        session=stay.session,
                        subject=subject,
                        text=text,
                        at=at,
                    )


def _subjects(
    rng: random.Random, kind: str, session: WebinarSession, most: int
) -> list[tuple[str, str]]:
    """Return what the deeds are about: a poll and answer, a file, a text."""
    first = session.number % 3
    if kind == "poll_response":
        polls = POLLS[first : first + most]
        return [(question, rng.choice(answers)) for question, answers in polls]
    if kind == "session_rating":
        return [(session.name, str(rng.choice((3, 4, 4, 5, 5))))]
    choices = {
        "cta_click": CTAS,
        "file_download": FILES,
        "reaction": REACTIONS,
        "chat": CHATS,
        "question": QUESTIONS,
        "raise_hand": ("raised",),
    }[kind]
    return [(text, text) for text in (rng.choice(choices) for _ in range(most))]
