"""Word lists for the words before and after a full stop, by language. Data only; in small letters, without the stop.

Every language also gets the English entries, for replies mix in English, except the words of other languages.
"""

from __future__ import annotations

from functools import cache

from .starters import STARTERS
from .tables import ARTICLES_OF, COMMON, MAY_END, NEVER, NUMBERED

__all__ = ["abbreviations", "articles", "before_numbers", "common", "may_end", "never", "starters", "with_rules"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ORDINAL = _words("cs da de dsb et fi fo hr hsb hu is lb lv nb nn no sk sl sr bs tr")
"""Languages that write an ordinal number with a full stop."""

LARGE_NOUNS = frozenset({"de", "lb"})

SURNAMES = frozenset({"an", "can", "do", "may", "so", "will"})
"""English words that begin a sentence, but also end a name: "John B. May"."""

SYLLABLE_INITIALS = _words("ml kn te ta si")
"""Languages that write Latin initials by their names, of one syllable each."""

SHOUTED = frozenset({"yahoo", "jeopardy"})
"""Names that end in an exclamation mark."""

UNITS = _words(
    "ft in lb lbs oz yd yds mi mph min mins sec secs hr hrs gal qt pt pts tsp tbsp bn mn mio mrd km cm mm kg approx ca"
    " ms ns hz khz mhz ghz kb mb gb tb kw mw kwh mol ppm rpm"
    " kg mg ml godz hod u χλμ кг км см мм мл га μμ zł kč kr eur usd dkk sek nok лв"
    " год хв сек мин ч ст град грн руб коп тыс млн млрд тис"
)
"""Measures: a number after one continues the same quantity."""

UNIT_LETTERS = frozenset("hmgltsdCFKVWAJLGMBTN")
"""Units of one letter, after a number."""

CALENDAR = _words(
    "jan feb mar apr may jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun janv févr avr"
    " juil déc ene abr ago dic gen mag giu lug set ott fev mai out dez mrt okt jän mär maj"
)
"""Months and days: a letter after one is not the name of a figure."""

POINTING = _words("see in from of to cf. and also or per under by compare this siehe vgl. voir ver véase vedi cfr. zie")
"""Words before an abbreviation of "figure" and the like that is also an ordinary word."""

LETTERED = _words(
    "appendix exhibit plan option vitamin hepatitis type class grade group section figure table schedule annex part"
    " team model block gate building terminal column row phase level point step room unit version case factor"
)
"""Nouns that a letter may follow; the stop after the letter ends the sentence, whatever comes."""

QUANTIFIERS = _words("approx ca in ст")
"""The measures that another part of the sentence may follow, or that are also words."""

MULTIPLES = _words("тыс млн млрд тис mln mld mio mrd tys tis")

SHORT = _words("ok no me us it go is in so do to up on at by be he we my oh hi ya yo ty np gg ur u")
"""Words of one or two letters that may end a sentence in a text of small letters."""

AGAINST = frozenset({"v", "vs"})
ARTICLES = frozenset({"the", "a", "an", "this", "all", "one"})

TITLES = _words("ing kfm ök phys chem biol psych päd wirt inf math")
"""German degrees after a hyphen."""

DOUBLING = _words("es ca gl")
"""Languages that double initials in the plural."""

LARGE_TITLES = _words("mr mrs ms dr st prof jr sr no ps nb vs pt")

DANDA = _words("hi ne bn pa as or")
"""Languages whose sentences end with a mark other than a full stop."""

LARGE_ABBREVIATIONS = _words("vi id ms")
"""Languages that write abbreviations of titles and kinds of companies in capitals."""

ORDINAL_ARTICLES = _words("hr sr bs sl mk")
"""Languages that write the number of an article of law with a stop."""

ORDINAL_NOUNS = _words(
    "geburtstag jubiläum jahrestag todestag hochzeitstag mal tag spiel länderspiel tor sieg ausgabe besucher kunde"
    " folge auflage sitzung jahr platz stock yıl yılı yılında yıldönümü"
)
"""Nouns that are often counted, in languages that write them with a capital."""

CARDINAL = _words(
    "platz um gegen ist sind bin war waren hat haben hatte hatten seite kapitel nummer plus minus macht ergibt kostet"
    " zählt"
)
"""German words before a cardinal number or a time of day: not an ordinal."""

MONTHS = _words("januar jänner februar feber märz april mai juni juli august september oktober november dezember")
"""Months, in languages that write them with a capital."""

TIMES = frozenset({"a.m", "p.m", "a.d", "b.c", "b.c.e", "c.e", "π.μ", "μ.μ", "f.m", "e.m"})
AFTER_TIMES = _words(
    "est edt cst cdt mst mdt pst pdt gmt utc bst cet cest eastern central mountain pacific monday tuesday wednesday"
    " thursday friday saturday sunday january february march april may june july august september october november"
    " december"
)

COMPANIES = _words("pty co ltd inc corp llc plc bros gmbh kg")
"""One may follow another: "Co. Ltd."."""

PREFIXED = frozenset({"p.s", "p.p.s", "n.b"})
"""Abbreviations that introduce a sentence and belong to it."""

LEGAL = _words("pub civ crim evid app stat rev code const fed supp cir dist ct super comm bankr")
"""Abbreviations in legal citations, which an initial continues."""

ARTICLED = _words("la el los las le les a o as os da do na no il lo gli")
"""Articles: initials after one are those of an organisation, not of a person."""

DOSES = _words("b.i.d t.i.d q.i.d q.d q.o.d q.h.s h.s p.o p.r.n a.c p.c i.v i.m s.c")
"""Abbreviations for how often and how a medicine is taken."""

CITED = _words("id ibid compl answer ann stat rev code comp supp laws tit ch")
"""Abbreviations before a section sign."""

DEGREES = frozenset(
    {"ph.d", "m.d", "ll.d", "ll.m", "ll.b", "j.d", "b.a", "m.a", "b.s", "b.sc", "m.s", "m.sc", "d.phil"}
)

ORDINARY = frozenset(
    {"no", "nos", "art", "sat", "sun", "fig", "app", "ver", "sec", "in", "is", "me", "us", "it", "go", "ok"}
)
"""Ordinary words as often as abbreviations: they are abbreviations only before a number."""

HOMOGRAPHS = _words(
    "al amb arts ave ca civ co col crim del det ed est ex fri gen hon ind jul ln maj mar min miss op par rep sen"
    " var ver viz vol"
)
"""English abbreviations that are common words elsewhere."""

FINAL = _words(
    "etc usw osv itd itp atd ecc ets enz stb jne yms vb dll dsb t.d t.p т.д т.п т.ін др пр u.s.w o.s.v m.m m.fl m.v v.v"
    " t.t т.б κ.λπ κλπ κτλ κ.ά ltd plc gmbh atď atp apod ap usf osv itd ipd idr kt o.s.frv u.c utt v.v.a ș.a.m.d ș.a"
)
"""Ends of enumerations: a capital letter after one begins a sentence."""

_SAME = {"no": "nb", "nn": "nb", "bs": "hr", "be": "ru", "mk": "bg", "gl": "es", "ca": "es", "lb": "de", "ms": "id"}


@cache
def _of(table: str, lang: str) -> frozenset[str]:
    words = {"never": NEVER, "before_numbers": NUMBERED, "may_end": MAY_END}[table]
    english = _words(words["en"])
    return english if lang == "en" else english - HOMOGRAPHS | _words(words.get(_SAME.get(lang, lang), ""))


def never(lang: str) -> frozenset[str]:
    """Abbreviations that other words must follow: titles, "e.g."."""
    return _of("never", lang)


def before_numbers(lang: str) -> frozenset[str]:
    """Abbreviations before a number: "p. 5"."""
    return _of("before_numbers", lang)


def may_end(lang: str) -> frozenset[str]:
    """Abbreviations that may stand last in a sentence: "Inc.", "etc."."""
    return _of("may_end", lang)


@cache
def common(lang: str) -> frozenset[str]:
    """Words, in small letters, that are also in lists of abbreviations."""
    words = _words(COMMON.get(_SAME.get(lang, lang), ""))
    return words if lang == "en" else words | HOMOGRAPHS


@cache
def starters(lang: str) -> frozenset[str]:
    """Small words that have a capital only at the beginning of a sentence."""
    own = _words(STARTERS.get(_SAME.get(lang, lang), ""))
    return own if lang in LARGE_NOUNS else own | _words(STARTERS["en"])  # "See", "Will", "Not" are nouns of German


@cache
def articles(lang: str) -> frozenset[str]:
    """Words after which a number with a stop is an ordinal, however long it is."""
    return _words(ARTICLES_OF.get(_SAME.get(lang, lang), ""))


@cache
def abbreviations(lang: str) -> frozenset[str]:
    """All abbreviations that do not end a sentence where no other rule applies."""
    return (never(lang) | before_numbers(lang) | may_end(lang)) - FINAL - ORDINARY


@cache
def with_rules(lang: str) -> frozenset[str]:
    """All words of which a rule may say something other than of words in general."""
    lists = never(lang), before_numbers(lang), may_end(lang), common(lang)
    return frozenset().union(*lists, UNITS, TITLES, COMPANIES, LEGAL, CITED, FINAL, ORDINARY, AGAINST)
