"""Who is ranked: one person for all logins of one e-mail address, and no staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from scoring_transform.frames import EVENT, PERSON, is_any_of

if TYPE_CHECKING:
    from scoring_transform.frames import Frame
    from scoring_transform.scoring_file import ScoringFile


def to_links(people: Frame, file: ScoringFile) -> Frame:
    """Return for each login its person, and whether that person is left out.

    The person's id is the smallest of the attendee ids with one e-mail key. One login
    as a speaker leaves the whole person out.

    Returns:
        event_id, attendee_id, person, excluded, attended, profile.
    """
    named = people.filter(~nw.col("email_key").is_null())
    persons = named.group_by("event_id", "email_key").agg(
        person=nw.col("attendee_id").min()
    )
    logins = people.join(persons, on=["event_id", "email_key"], how="left")
    logins = logins.with_columns(
        person=nw.coalesce("person", "attendee_id"), excluded=_is_excluded(file)
    )
    verdicts = logins.group_by("event_id", "person").agg(
        excluded=nw.col("excluded").max()
    )
    return logins.drop("excluded").join(verdicts, on=["event_id", "person"], how="left")


def _is_excluded(file: ScoringFile) -> nw.Expr:
    tests = [is_any_of("role", file.exclude_roles)]
    tests += [
        nw.col("email_key").str.ends_with(f"@{domain}")
        for domain in file.exclude_email_domains
    ]
    return nw.any_horizontal(*tests, ignore_nulls=True)


def to_ranked(activities: Frame, links: Frame) -> Frame:
    """Return the activities that count for somebody, under that person's id.

    Anonymous ones are dropped even if their author is known; people left out are gone.
    Someone who did something but is on no list is a person too.
    """
    known = activities.filter(
        ~nw.col("attendee_id").is_null(), ~nw.col("anonymous").fill_null(value=False)
    )
    changed = links.filter(
        (nw.col("person") != nw.col("attendee_id")) | nw.col("excluded")
    ).select(*PERSON, "person", "excluded")
    joined = known.join(changed, on=list(PERSON), how="left")
    kept = joined.filter(~nw.col("excluded").fill_null(value=False))
    return kept.with_columns(attendee_id=nw.coalesce("person", "attendee_id")).drop(
        "person", "excluded"
    )


def to_participants(links: Frame, counters: Frame) -> Frame:
    """Return everybody who attended or did anything, once.

    Returns:
        event_id, attendee_id, profile, participants.
    """
    kept = links.filter(~nw.col("excluded"))
    came = kept.filter(nw.col("attended").fill_null(value=False))
    everybody = nw.concat(
        [
            came.select("event_id", attendee_id=nw.col("person")),
            counters.select(*PERSON),
        ]
    ).unique(list(PERSON))
    profiles = (
        kept.select("event_id", "profile", attendee_id=nw.col("person"))
        .group_by(*PERSON)
        .agg(profile=nw.col("profile").max())
    )
    return everybody.join(profiles, on=list(PERSON), how="left").with_columns(
        profile=nw.col("profile").fill_null(0),
        participants=nw.len().over(*EVENT).cast(nw.Int64),
    )
