"""Words that stand around numbers: what calls an extension one, and what only labels a number."""

from __future__ import annotations

_EXTENSION = """
ext extn extension xtn xt x
dw durchwahl nst nebenstelle kl klappe app apparat klapka linka mell mellék
poste interne intern int interno anexo extensión extension ramal ramais
toestel tst anknytning anknytn lokalnr wew wewn dahili доб 内線 分机 분机 내선
"""

_LABEL = """
tel tél telefon telephone telefono teléfono téléphone telefone telefonnummer phone ph fon fone
mobile mobil mob handy natel cell cellular cellulare portable gsm móvil movil
fax telefax office büro work home main zentrale switchboard direct direkt
business geschäftlich privat private call dial number nummer rufnummer nr no num
notruf emergency sos hotline tollfree freephone
"""

EXTENSION_WORDS = frozenset(_EXTENSION.split())
"""Lower-case words after which an extension follows."""

LABEL_WORDS = frozenset(_LABEL.split())
"""Lower-case words that may stand before a number of any length; single letters may as well."""

_KEYPAD = dict(
    pair
    for digit, letters in {
        "2": "ABC",
        "3": "DEF",
        "4": "GHI",
        "5": "JKL",
        "6": "MNO",
        "7": "PQRS",
        "8": "TUV",
        "9": "WXYZ",
    }.items()
    for letter in letters
    for pair in ((ord(letter), digit), (ord(letter.lower()), digit))
)


def keyed(letters: str) -> str:
    """``letters`` as keyed in on a telephone (ITU-T E.161): ``FLOWERS`` is 3569377."""
    return letters.translate(_KEYPAD)
