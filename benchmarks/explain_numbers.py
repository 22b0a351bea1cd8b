"""Numbers explained in a second, with ten rewrites, beside bare phonenumberslite on the same ones.

Both get the same texts, as an office pastes them, and every text of every round is another number:
nothing can be remembered. Ours is the whole of `explain`: reading, judging, rewriting, writing the
Refer-To, formatting. The bare library parses and formats. Rounds are interleaved, medians count::

    python benchmarks/explain_numbers.py [--rounds 7] [--places 500] [--json FOLDER]
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import phonenumbers
from measuring import interleaved, median, options, print_table, save

from siptapi_core.numbers import NumberRules, Rewrite, explain

LIBRARY, OURS = "phonenumberslite, parse and format", "explain with ten rewrites"
PLACES = 10_000
"""Of four digits, each with eight texts."""
REWRITES = (
    (r"^\+43150564(\d{2,4})$", r"\1"),  # our own numbers are extensions
    (r"^\+4366[0-9]", r"\g<0>"),
    (r"^\+1900", "+1900"),
    (r"^\+88[1-3]", "+88"),
    (r"^00", "+"),
    (r"^0$", "100"),
    (r"^(\d{3})$", r"\1"),
    (r"^\+49(\d+)#$", r"\1"),
    (r"^\+44(?:20|161)(?=7)", r"\g<0>"),
    (r"^\*(\d\d)$", r"*\1"),
)
RULES = NumberRules(
    region="AT",
    area_code="1",
    rewrites=tuple(Rewrite(match=match, replace=replace) for match, replace in REWRITES),
    deny=(r"^\+4390",),
)


def texts(places: range) -> list[str]:
    """Distinct numbers in the shapes of mail signatures, CRM fields and web pages."""
    found = []
    for place in places:
        a, b = divmod(place, 100)
        found += [
            f"+43 1 505{a:03}{b:02}",
            f"01/515{a:03}{b:02}",
            f"+49 (0)30 {a:03}-{b:02}11",
            f"+1 (212) 5{a:02}-{b:02}64",
            f"+44 20 7{a:03} {b:02}99",
            f"0664 1{a:03}{b:03}",
            f"+41 44 6{a:02} {b:02} 11",
            f"tel:+43-1-506{a:03}{b:02}",
        ]
    return found


def bare(numbers: list[str]) -> None:
    """What any program does with phonenumberslite."""
    for text in numbers:
        parsed = phonenumbers.parse(text, "AT")
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def ours(numbers: list[str]) -> None:
    """All of `explain`."""
    for text in numbers:
        explanation = explain(text, RULES, domain="example.com")
        str(explanation.dialled)


def rate(run: Callable[[list[str]], None], rounds: Iterator[list[str]]) -> dict[str, float]:
    """Numbers a second of processor time, of the next of ``rounds``."""
    numbers = next(rounds)
    started = time.process_time()
    run(numbers)
    return {"rate": len(numbers) / (time.process_time() - started)}


def main() -> None:
    """Print a table, and write it as JSON."""
    given = options(__doc__, rounds=(7, 1), places=(500, 20))
    rounds, places = given.rounds, given.places
    if (rounds + 1) * places > PLACES:
        sys.exit(f"{rounds} rounds, and one to warm up, of {places} places: there are {PLACES}")
    warm_up, *measured = (
        texts(range(start, start + places)) for start in range(0, (rounds + 1) * places, places)
    )
    contenders = {}
    for name, run in ((LIBRARY, bare), (OURS, ours)):
        run(warm_up)  # patterns are compiled once
        contenders[name] = partial(rate, run, iter(measured))
    results = interleaved(contenders, rounds)
    every = itertools.chain.from_iterable(measured)
    dialled = {str(explain(text, RULES, domain="example.com").dialled) for text in every}
    assert len(dialled) == rounds * len(warm_up), "a number came twice"
    library = median(results[LIBRARY], "rate")
    rows = [
        (name, f"{median(each, 'rate'):,.0f}", f"{median(each, 'rate') / library:.2f}")
        for name, each in results.items()
    ]
    goals = "goals: 20,000, and 0.35 of the library's"
    print_table(
        f"{rounds} interleaved rounds ({goals})", ("", "numbers/s", "of the library's"), rows
    )
    save(given, rounds=results)


if __name__ == "__main__":
    main()
