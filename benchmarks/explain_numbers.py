"""Numbers explained in a second, with ten rewrites, beside bare phonenumberslite on the same ones.

Both get the same texts, as an office pastes them, and every text of every round is another number:
nothing can be remembered. Ours is the whole of `explain`: reading, judging, rewriting, writing the
Refer-To, formatting. The bare library parses and formats. Rounds alternate, the median of each
counts. Run it on an idle machine::

    python benchmarks/explain_numbers.py [rounds, at most 19]
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable

import phonenumbers

from siptapi_core.numbers import NumberRules, Rewrite, explain

ROUND = 500  # places, each with eight texts
MOST_ROUNDS = 19  # so that places have four digits, those that warm up among them
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


def rate(run: Callable[[list[str]], None], numbers: list[str]) -> float:
    """Numbers a second of processor time: what others do on the machine counts less."""
    started = time.process_time()
    run(numbers)
    return len(numbers) / (time.process_time() - started)


def main() -> None:
    """Print the medians, and how much of the bare library's rate is left."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    if not 1 <= rounds <= MOST_ROUNDS:
        sys.exit(f"from 1 to {MOST_ROUNDS} rounds, or numbers would come twice")
    warm_up, *measured = (
        texts(range(start, start + ROUND)) for start in range(0, (rounds + 1) * ROUND, ROUND)
    )
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    for run in bare, ours:
        run(warm_up)  # patterns are compiled once
    for numbers in measured:
        rates["bare"].append(rate(bare, numbers))
        rates["ours"].append(rate(ours, numbers))
    every = itertools.chain.from_iterable(measured)
    dialled = {str(explain(text, RULES, domain="example.com").dialled) for text in every}
    assert len(dialled) == rounds * len(warm_up), "a number came twice"
    library, explained = statistics.median(rates["bare"]), statistics.median(rates["ours"])
    print(f"phonenumberslite, parse and format: {library:8,.0f} numbers/s")
    print(f"explain with ten rewrites:          {explained:8,.0f} numbers/s")
    print(f"of the bare library's rate:         {explained / library:8.2f}")


if __name__ == "__main__":
    main()
