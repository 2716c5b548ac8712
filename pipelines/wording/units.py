"""Units, currencies and scales as they are written, and what each is of its dimension's first unit."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

_PREFIXES = {
    "n": ("nano", "1e-9"), "µ": ("micro", "1e-6"), "m": ("milli", "1e-3"), "c": ("centi", "1e-2"),
    "d": ("deci", "1e-1"), "h": ("hecto", "1e2"), "k": ("kilo", "1e3"), "M": ("mega", "1e6"),
    "G": ("giga", "1e9"), "T": ("tera", "1e12"),
}  # fmt: skip
# symbol, names, dimension, factor, prefixes that are used with it
_METRIC = (
    ("g", "gram gramme", "mass", "1", "nµmk"),
    ("m", "metre meter", "length", "1", "nµmcdk"),
    ("l", "litre liter", "volume", "1", "µmcdh"),
    ("L", "", "volume", "1", "µmcdh"),
    ("W", "watt", "power", "1", "mkMGT"),
    ("V", "volt", "voltage", "1", "mkM"),
    ("A", "ampere amp", "current", "1", "mk"),
    ("Hz", "hertz", "frequency", "1", "kMGT"),
    ("J", "joule", "energy", "1", "kMGT"),
    ("Wh", "watt-hour", "electric energy", "1", "kMGT"),
    ("Pa", "pascal", "pressure", "1", "hkMG"),
    ("N", "newton", "force", "1", "kM"),
    ("B", "byte", "bytes", "1", "kMGT"),
    ("bit", "bit", "bits", "1", "kMGT"),
    ("t", "tonne", "mass", "1e6", "kM"),
    ("s", "second sec", "time", "1", "nµm"),
    ("cal", "calorie", "food energy", "1", "k"),
    ("mol", "mole", "amount", "1", "nµmk"),
    ("ha", "hectare", "area", "1e4", ""),
)
_OTHER = {
    "mass": {
        "ton tons": "1e6",
        "pound lb lbs": "453.59237",
        "ounce oz": "28.349523125",
        "stone": "6350.29318",
        "carat": "0.2",
    },
    "length": {
        "mile mi": "1609.344",
        "yard yd": "0.9144",
        "foot feet ft": "0.3048",
        "inch inches in.": "0.0254",
        "micron": "1e-6",
        "light-year": "9.4607e15",
        "nautical_mile": "1852",
        "fathom": "1.8288",
        "league": "4828.032",
    },
    "volume": {
        "gallon gal": "3.785411784",
        "pint": "0.473176",
        "quart": "0.946353",
        "barrel bbl": "158.987",
        "cubic_metre cubic_meter m³ m3": "1e3",
        "cubic_centimetre cubic_centimeter cm³ cc": "1e-3",
        "cubic_foot cubic_feet": "28.316846592",
    },
    "area": {
        "acre": "4046.8564224",
        "square_kilometre square_kilometer km² km2 sq_km": "1e6",
        "square_metre square_meter m² m2 sq_m sqm": "1",
        "square_mile": "2589988.110336",
        "square_foot square_feet sq_ft": "0.09290304",
    },
    "time": {
        "minute min mins": "60",
        "hour hr hrs h": "3600",
        "day": "86400",
        "week": "604800",
        "fortnight": "1209600",
    },
    "months": {"month": "1", "year yr yrs": "12", "decade": "120", "century centuries": "1200"},
    "speed": {
        "mph miles_per_hour mile_per_hour": "1.609344",
        "km/h kmh kph kilometres_per_hour kilometers_per_hour": "1",
        "knot": "1.852",
        "m/s": "3.6",
    },
    "celsius": {"°C ℃ degrees_Celsius degree_Celsius Celsius degrees_centigrade": "1"},
    "fahrenheit": {"°F ℉ degrees_Fahrenheit degree_Fahrenheit Fahrenheit": "1"},
    "kelvin": {"kelvin": "1"},
    "degrees": {"degree °": "1"},
    "power": {"horsepower hp": "745.7"},
    "pressure": {"bar": "1e5", "psi": "6894.757", "mmHg": "133.322"},
    "percent": {"% ٪ percent per_cent percentage pct percents": "1"},
    "points": {"percentage_point percentage-point pp pps": "1", "basis_point bp bps": "0.01"},
    "per mille": {"‰ per_mille": "1"},
}
_CURRENCY_NAMES = """
    $: $ dollar; USD: US$ USD U.S._dollar US_dollar; EUR: € EUR euro; GBP: £ GBP pound sterling pounds_sterling
    quid; JPY: ¥ JPY yen; CNY: CNY RMB yuan renminbi; INR: ₹ INR rupee Rs; CAD: C$ CA$ CAD Canadian_dollar; AUD: A$
    AU$ AUD Australian_dollar; CHF: CHF franc Swiss_franc; KRW: ₩ KRW won; RUB: ₽ RUB ruble rouble; BRL: R$ BRL
    real; crown: SEK NOK DKK crown krone kroner krona kronor koruna; peso: MXN peso pesos; mark: mark marks DM;
    lira: lira lire; rand: ZAR rand; cent: cent; pence: penny pence; shilling: shilling; guinea: guinea; zloty: PLN
    zloty; bitcoin: BTC bitcoin; dirham: AED dirham; riyal: SAR riyal; HKD: HK$ HKD; NZD: NZ$ NZD; SGD: S$ SGD
    """
_CURRENCIES = dict(one.split(": ") for one in " ".join(_CURRENCY_NAMES.split()).split("; "))
DOLLARS = frozenset({"$", "USD", "CAD", "AUD", "HKD", "NZD", "SGD"})
SCALES = {
    "hundred": Decimal(100),
    "thousand": Decimal(1000),
    "million": Decimal(10**6),
    "billion": Decimal(10**9),
    "trillion": Decimal(10**12),
    "dozen": Decimal(12),
    "lakh": Decimal(10**5),
    "crore": Decimal(10**7),
    "mio": Decimal(10**6),
    "mil": Decimal(10**6),
    "mrd": Decimal(10**9),
    "bn": Decimal(10**9),
    "mn": Decimal(10**6),
    "tn": Decimal(10**12),
    "mln": Decimal(10**6),
}
LETTERS = {"k": Decimal(1000), "m": Decimal(10**6), "b": Decimal(10**9), "mm": Decimal(10**6), "t": Decimal(10**12)}

Unit = tuple[str, Decimal]  # dimension, and how many of the dimension's first unit it is

_BEFORE_NUMBER = r"US\$|CA?\$|AU?\$|HK\$|NZ\$|S\$|R\$|[$€£¥₹₩₽]"
SYMBOL = re.compile(
    rf"(?:{_BEFORE_NUMBER}|\b(?:USD|EUR|GBP|JPY|CNY|RMB|INR|CAD|AUD|CHF|KRW|SEK|NOK|DKK|ZAR|HKD|NZD|SGD|Rs\.?)\b)"
)
_MENTION = re.compile(rf"{_BEFORE_NUMBER}|[%‰°][CF]?|[^\W\d_]+(?:/[a-z]+)?")


@lru_cache(maxsize=1)
def _named() -> dict[str, tuple[Unit, ...]]:
    """Every unit by each of its names; two words of a name stand with one blank."""
    found: dict[str, list[Unit]] = {}

    def put(name: str, dimension: str, factor: Decimal) -> None:
        name = name.replace("_", " ")
        forms = {name}
        if len(name) > 2 and name[-1].isalpha() and name.islower() and name not in ("bps", "pps", "mph"):
            forms |= {f"{name}s"}
        if len(name) > 3 and name[-1].isalpha():
            forms |= {f"{name}s", name.casefold(), f"{name}s".casefold()}
        for form in forms:
            found.setdefault(form, []).append((dimension, factor))

    for symbol, names, dimension, factor, prefixes in _METRIC:
        for prefix in ("", *prefixes):
            spoken, power = _PREFIXES[prefix] if prefix else ("", "1")
            size = Decimal(factor) * Decimal(power)
            put(prefix + symbol, dimension, size)
            for name in names.split():
                put(spoken + name, dimension, size)
    put("μm", "length", Decimal("1e-6"))
    put("μg", "mass", Decimal("1e-6"))
    put("mcg", "mass", Decimal("1e-6"))
    put("kilo", "mass", Decimal(1000))
    put("calory", "food energy", Decimal(1))
    for dimension, units in _OTHER.items():
        for names, factor in units.items():
            for name in names.split():
                put(name, dimension, Decimal(factor))
    for code, names in _CURRENCIES.items():
        for name in names.split():
            put(name, f"money:{code}", Decimal(1))
    return {name: tuple(units) for name, units in found.items()}


@lru_cache(maxsize=4096)
def units_of(name: str) -> tuple[Unit, ...]:
    """What a name may mean; none for a name of no unit. Short symbols are told by their case."""
    held = _named()
    return held.get(name) or (held.get(name.casefold(), ()) if len(name) > 3 else ())


def mentioned(text: str) -> frozenset[str]:
    """The dimensions that units in the text name, wherever they stand."""
    words = _MENTION.findall(text)
    names = [*words, *(f"{one} {two}" for one, two in pairwise(words))]
    return frozenset(
        dimension for name in names for dimension, _ in units_of(name) if len(name) > 1 or not name.isalpha()
    )


def alike(one: str, other: str) -> bool:
    """Whether two dimensions can be compared: a plain dollar may be any dollar."""
    if one == other:
        return True
    if one.startswith("money:") and other.startswith("money:"):
        codes = {one[6:], other[6:]}
        return "$" in codes and codes <= DOLLARS
    return {one, other} == {"degrees", "celsius"} or {one, other} == {"degrees", "fahrenheit"}
