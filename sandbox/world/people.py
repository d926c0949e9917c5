"""Invented people: names, companies and addresses, drawn from short lists."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.world.facts import Person

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from datetime import datetime

FIRST_NAMES = (  # noqa: SIM905 - one word a name
    "Ada Ben Chloe Dmitri Eunji Farah Goran Hana Ilse Jonas Keiko Lars Mara Nadia "
    "Oscar Priya Quentin Rosa Selin Tomas Ursula Viktor Wanda Ximena Yusuf Zoe Amara "
    "Bruno Carmen Dario Elif Felix Greta Hugo Inga Jamal Klara Leon Mila Noor Olga "
    "Pablo Rania Sven Tara Umar Vera Wim Yara Anton"
).split()
LAST_NAMES = (  # noqa: SIM905 - likewise
    "Brook Castillo Dupre Volkov Park Haddad Kovac Lindqvist Moreau Okafor Petrov "
    "Quinn Rossi Sato Tanaka Ueda Vogel Weiss Xu Yilmaz Zeller Abara Bianchi Costa "
    "Duarte Eklund Fischer Garza Holm Ivanova Jensen Keller Larsen Mbeki Novak Ortiz "
    "Pereira Rahman Silva Torres Ulrich Varga Winter Young Zamora Andrade Becker "
    "Cohen Dalgaard Eriksen"
).split()
COMPANIES = (
    "Northgate Analytics",
    "Bluefin Logistics",
    "Harbour & Vale",
    "Quillon Foods",
    "Tessera Health",
    "Marlowe Insurance",
    "Copperline Energy",
    "Fennel Retail Group",
    "Osprey Manufacturing",
    "Lumen & Co",
    "Saltmarsh Software",
    "Ridgeway Capital",
    "Pinecrest Hotels",
    "Vantage Rail",
    "Juniper Textiles",
    "Kestrel Robotics",
    "Larkspur Media",
    "Orchard Pharma",
)
JOB_TITLES = (
    "Head of Planning",
    "Finance Director",
    "FP&A Manager",
    "Demand Planner",
    "Data Analyst",
    "Chief Financial Officer",
    "Operations Manager",
    "Supply Chain Lead",
    "Business Analyst",
    "Controller",
    "VP Finance",
    "Revenue Operations Manager",
    "Student",
    "Consultant",
)
PLACES = (
    ("Leeds", "United Kingdom", "44"),
    ("Madrid", "Spain", "34"),
    ("Lyon", "France", "33"),
    ("Hamburg", "Germany", "49"),
    ("Toronto", "Canada", "1"),
    ("Austin", "United States", "1"),
    ("Pune", "India", "91"),
    ("Oslo", "Norway", "47"),
    ("Porto", "Portugal", "351"),
    ("Osaka", "Japan", "81"),
)
DOMAINS = ("example.com", "example.org", "example.net")
TEAM = ("SPEAKER",) * 4 + ("ORGANISER",) * 3 + ("BOOTH MEMBER",) * 3


class Crowd:
    """Draws people who differ from everybody drawn before.

    Args:
        rng: The world's one source of chance.
        first_number: Number of the first person.
    """

    def __init__(self, rng: random.Random, *, first_number: int = 1) -> None:
        self._rng = rng
        self._names = self._draw_names()
        self._next = first_number

    def draw(self, group: str, before: datetime) -> Person:
        """Return a new person who registered in the 30 days before ``before``."""
        rng, number = self._rng, self._next
        self._next += 1
        first, last = next(self._names)
        city, country, code = rng.choice(PLACES)
        address = f"{first}.{last}@{rng.choice(DOMAINS)}".lower()
        return Person(
            number=number,
            first_name=first,
            last_name=last,
            spellings=self._spellings(address) if group == "ATTENDEE" else (address,),
            job_title=rng.choice(JOB_TITLES),
            company=rng.choice(COMPANIES),
            phone=f"+{code} 555 {number:04d}",
            city=city,
            country=country,
            group=group,
            registered_at=before - timedelta(seconds=rng.randrange(3600, 30 * 86400)),
        )

    def _draw_names(self) -> Iterator[tuple[str, str]]:
        names = [(first, last) for first in FIRST_NAMES for last in LAST_NAMES]
        self._rng.shuffle(names)
        return iter(names)

    def _spellings(self, address: str) -> tuple[str, ...]:
        """One address in twenty has a second login, one in ten a stray blank."""
        chance = self._rng.random()
        if chance < 0.05:  # noqa: PLR2004 - a share
            return (address, address.title())
        return (f" {address}",) if chance < 0.15 else (address,)  # noqa: PLR2004
