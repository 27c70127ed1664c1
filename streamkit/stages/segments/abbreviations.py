"""What is known of words before and after a full stop, by language. Data only; all in small letters, without the stop.

Every language also gets the English entries, for replies mix it in, but for those that are words of other languages.
"""

from __future__ import annotations

from functools import cache

from .starters import STARTERS

__all__ = ["abbreviations", "articles", "common", "may_end", "never", "numbered", "starters"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ORDINAL = _words("cs da de dsb et fi fo hr hsb hu is lb lv nb nn no sk sl sr bs tr")
"""Languages that write an ordinal number with a full stop."""

LARGE_NOUNS = frozenset({"de", "lb"})

SURNAMES = frozenset({"an", "can", "do", "may", "so", "will"})
"""English words that begin a sentence as well as they end a name: "John B. May"."""

SYLLABLE_INITIALS = _words("ml kn te ta si")
"""Languages that write the names of Latin initials, of one syllable each."""

SHOUTED = frozenset({"yahoo", "jeopardy"})
"""Names that end in an exclamation mark."""

UNITS = _words(
    "ft in lb lbs oz yd yds mi mph min mins sec secs hr hrs gal qt pt pts tsp tbsp bn mn mio mrd km cm mm kg approx ca"
    " kg mg ml кг км см мм мл га μμ zł kč kr eur usd dkk sek nok лв"
    " год хв сек мин ч ст град грн руб коп тыс млн млрд тис"
)
"""Measures: a number behind one goes on with the same quantity."""

UNIT_LETTERS = frozenset("hmgltsdCFKVWAJLGMB")
"""Units of one letter, behind a number."""

CALENDAR = _words(
    "jan feb mar apr may jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun janv févr avr"
    " juil déc ene abr ago dic gen mag giu lug set ott fev mai out dez mrt okt jän mär maj"
)
"""Months and days: no letter behind one is the name of a figure."""

POINTING = _words("see in from of to cf. and also or per under by compare this siehe vgl. voir ver véase vedi cfr. zie")
"""Words before the abbreviation of a figure that is a word of its own too."""

LETTERED = _words(
    "appendix exhibit plan option vitamin hepatitis type class grade group section figure table schedule annex part"
    " team model block gate building terminal column row phase level point step room unit version case factor"
)
"""Nouns that a letter may follow which ends the sentence, whatever comes."""

QUANTIFIERS = _words("approx ca in ч ст град сек мин min")
"""Of the measures, those that something else may follow, or that are words."""

MULTIPLES = _words("тыс млн млрд тис mln mld mio mrd tys tis")

SHORT = _words("ok no me us it go is in so do to up on at by be he we my oh hi ya yo ty np gg ur u")
"""Words of one or two letters that may end a sentence in a text of small letters."""

AGAINST = frozenset({"v", "vs"})
ARTICLES = frozenset({"the", "a", "an", "this", "all", "one"})

LARGE_ABBREVIATIONS = _words("vi id ms")
"""Languages that write abbreviations of titles and kinds of companies in capitals."""

ORDINAL_ARTICLES = _words("hr sr bs sl mk")
"""Languages that write the number of an article of law with a stop."""

CARDINAL = _words(
    "um gegen ist sind bin war waren hat haben hatte hatten seite kapitel nummer plus minus macht ergibt kostet zählt"
)
"""German words before a number that counts, or tells the time: no ordinal."""

MONTHS = _words("januar jänner februar feber märz april mai juni juli august september oktober november dezember")
"""Of the languages that write them large."""

TIMES = frozenset({"a.m", "p.m", "a.d", "b.c", "b.c.e", "c.e", "π.μ", "μ.μ", "f.m", "e.m"})
AFTER_TIMES = _words(
    "est edt cst cdt mst mdt pst pdt gmt utc bst cet cest eastern central mountain pacific monday tuesday wednesday"
    " thursday friday saturday sunday january february march april may june july august september october november"
    " december"
)

DOSES = _words("b.i.d t.i.d q.i.d q.d q.o.d q.h.s h.s p.o p.r.n a.c p.c i.v i.m s.c")
"""How often and how a medicine is taken."""

CITED = _words("id ibid ann stat rev code comp supp laws tit ch")
"""Before a sign of section."""

DEGREES = frozenset(
    {"ph.d", "m.d", "ll.d", "ll.m", "ll.b", "j.d", "b.a", "m.a", "b.s", "b.sc", "m.s", "m.sc", "d.phil"}
)

ORDINARY = frozenset(
    {"no", "nos", "art", "sat", "sun", "fig", "app", "ver", "sec", "in", "is", "me", "us", "it", "go", "ok"}
)
"""Words of their own as often as abbreviations: those only before a number."""

HOMOGRAPHS = _words(
    "al arts ave ca civ co col crim det ed est ex fri gen hon ind jul ln maj mar min miss op par rep sen var ver viz"
    " vol"
)
"""English abbreviations that are common words elsewhere."""

FINAL = _words(
    "etc usw osv itd itp atd ecc ets enz stb jne yms vb dll dsb t.d t.p т.д т.п т.ін др пр u.s.w o.s.v m.m m.fl m.v v.v"
    " t.t т.б κ.λπ κλπ κτλ κ.ά ltd plc gmbh atď atp apod ap usf ff osv itd ipd idr kt o.s.frv u.c utt v.v.a ș.a.m.d ș.a"
)
"""Ends of enumerations: a capital letter behind one begins a sentence."""

_NEVER = {
    "en": "mr mrs ms messrs mx dr prof rev fr hon pres gov sen rep gen col lt capt cmdr adm sgt cpl pvt maj brig supt"
    " det insp mt vs cf e.g i.e viz approx ca eq esp incl resp undef msgr mme mlle hrn atty asst assoc"
    " ed eds trans tel orig synth subsp ssp spp var phil suppl civ crim evid bankr",
    "de": "hr hrn fr frl dr prof dipl ing med jur phil nat rer habil st bzw ca vgl sog z z.b u.a d.h i.d.r z.t z.z"
    " u.u m.e s.u s.o o.ä evtl ggf inkl exkl zzgl abzgl max min mind nr abs kath evang ev geb gest verh wg bes betr"
    " bspw insb insbes allg ehem einschl gem lt mtl nördl östl südl westl str tel urspr vorm zit gez hl"
    " fa fam az urt beschl aktz v frdl freundl herzl anl",
    "fr": "m mm mme mmes mlle mlles dr pr prof me mgr st ste cf p.ex env av bd boul tél réf éd chap fig",
    "es": "sr sra srta srtas sres sras d dña dr dra lic ing arq prof profa gral cnel cap tte ud uds vd vds admón avda"
    " cra cfr p.ej av núm dpto excmo excma ilmo ilma mons sto sta tel pág",
    "it": "sig sigg sig.ra sig.na sig.re dott dott.ssa dr prof prof.ssa avv ing arch geom rag on sen mons egr gent"
    " gent.mo spett dir amm psicol st cfr p.es es ca min lun mer gio ven v dep econ",
    "pt": "sr sra srta dr dra prof profa eng arq av exmo exma ilmo ilma v.ex p.ex cf tel pág núm",
    "nl": "dhr mw mevr dr drs ir mr prof ing bijv o.a d.w.z m.b.t t.a.v a.u.b blz ca i.p.v i.v.m z.g evt incl excl"
    " resp",
    "da": "hr fr frk dr prof skt bl.a f.eks dvs ca evt inkl ekskl pga m.h.t jf jfr kl tlf vedr mht adm afd dir ing stk",
    "nb": "hr fr frk dr prof st bl.a f.eks dvs ca evt inkl ekskl pga m.h.t jf jfr kl tlf vedr",
    "sv": "hr fr frk dr prof s:t bl.a t.ex dvs d.v.s ca ev inkl exkl jfr kl tel t.o.m fr.o.m p.g.a s.k resp ang",
    "fi": "hra rva nti tri prof esim mm ns ks vrt mr ts fil toim synt puh klo n",
    "pl": "p pp dr prof inż mgr hab doc ks św np tzn tj m.in tzw ul al pl os nr str tel wg ok por gen płk kpt bł dz",
    "cs": "p pí sl dr mudr judr phdr rndr ing mgr bc prof doc sv např tj tzv resp popř příp č čís str ul nám tel pozn"
    " srov zvl gen plk kpt",
    "sk": "p dr mudr judr phdr rndr ing mgr bc prof doc sv napr tj tzv resp popr príp č str ul nám tel pozn porov gen",
    "hu": "dr prof ifj id özv kb pl ill ún ti ker tel",
    "ro": "dl d-l d-na dna dnul dr ing prof acad str bd nr tel cca ex",
    "hr": "g gđa gđica dr sc čl prof ing mr sv npr tj tzv ul br str tel god",
    "sl": "g ga gdč dr prof inž mag sv npr tj t.i t.j ul št str tel oz",
    "sr": "г гђа др проф инж мр св нпр тј тзв ул бр стр тел g dr prof npr tj tzv ul br str",
    "tr": "dr prof doç yrd av sn öğr alb gen ör örn bkz mah cad sok no",
    "el": "κ κα κκ δρ καθ αγ π.χ δηλ βλ πρβλ αρ τηλ σελ",
    "ru": "г-н г-жа гр проф акад доц д-р инж им ул пр-т просп пер пл наб бул д корп кв обл р-н пос пгт дер т.е т.к т.н"
    " напр см ср тел стр рис табл св чл корр зам зав гос ок прим изд ред жур журн полк ген адм о-в"
    " п с гл",
    "uk": "п проф акад доц д-р інж ім вул просп пров пл бул буд корп кв обл р-н смт с м т.зв напр див пор тел"
    " стор рис табл св чл кор зам зав ред вид журн ген о-в гл укр англ нім франц лат",
    "bg": "г-н г-жа г-ца проф акад доц д-р инж ул бул пл кв бл вх ет ап обл общ гр с т.е т.нар напр вж срв тел стр рис"
    " табл св чл изд ред ген вкл",
    "kk": "т.б т.с.с б.з.б б.з мыс проф акад",
    "hi": "डॉ डा प्रो श्री सु पं कु मो",
    "mr": "डॉ प्रा श्री सौ कु पं रा",
    "bn": "ড ডা মো মোঃ প্রফ ইঞ্জি",
    "ml": "ഡോ പ്രൊ മി ശ്രീ അഡ്വ",
    "ta": "திரு டாக்டர்",
    "te": "డా శ్రీ ప్రొ",
    "kn": "ಡಾ ಶ್ರೀ ಪ್ರೊ",
    "ar": "د أ م ص هـ ق.م",
    "hy": "թ դ պրոֆ ակադ",
    "vi": "ts ths pgs gs bs ks tp q p đ",
    "id": "bpk sdr sdri dr prof drs ir hj h yth jl no tlp",
    "tl": "g gng bb gg",
    "lt": "p dr prof doc g pvz žr gyd t.y vad plg",
    "lv": "dr prof doc piem sk t.i resp",
    "et": "hr pr dr prof nt vt s.t st lk tel",
}

_NUMBERED = {
    "en": "no nos p pp pg vol vols fig figs sec secs ch chap art arts eq eqs app ver v n nr par para ex exs bk pt pts"
    " cl col ref refs ed tab op sched rm apt ste bldg fl ext tel max min jan feb mar apr jun jul aug sep sept oct nov"
    " evid civ crim supp proc suppl temp wt dec mon tue tues wed thu thur thurs fri sat sun №",
    "de": "s bd bde nr abb tab kap abs art anm aufl ziff rn hausnr jh jan feb mär aug sept okt nov dez jän",
    "fr": "p pp n no t vol chap fig art al r janv févr juil sept oct nov déc",
    "es": "pág págs núm nº n cap vol fig art inc n° n.º ene feb mar abr may jun jul ago sept oct nov dic",
    "it": "pag pagg p pp n nn num co l lett cc cap vol fig art tab gen feb mar apr mag giu lug ago set ott nov dic",
    "pt": "pág págs p pp n nº cap vol fig art jan fev mar abr mai jun jul ago set out nov dez n.º",
    "nl": "blz p pp nr nrs hfst art fig afb jan feb mrt apr jun jul aug sep okt nov dec",
    "da": "s nr kap stk fig bd jan feb mar apr jun jul aug sep okt nov dec d",
    "ru": "с стр гл рис табл т п пп ст ч вып № янв фев апр авг сент окт нояб дек",
    "uk": "с стор гл рис табл т п пп ст ч вип № січ лют бер квіт трав черв лип серп вер жовт лист груд",
    "pl": "s str nr t tab rys rozdz art ust pkt poz sty lut kwi maj cze lip sie wrz paź lis gru",
    "el": "σελ σ σσ εικ σχ πίν κεφ αρ άρ άρθ παρ τόμ αρθ",
    "ro": "nr art alin lit pag p pct et ap bl sc cap vol fig",
    "cs": "s str č čís odst obr tab kap sv r",
}

_MAY_END = {
    "en": "inc corp co ltd llc plc bros jr sr esq etc al ave blvd rd ln ct hwy st ft dept univ est jan feb mar apr jun"
    " jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri ind dist",
    "de": "usw etc co jh jhd str u.v.m u.s.w mio mrd gmbh jan feb aug sept okt nov dez jän",
    "fr": "etc cie sarl apr",
    "es": "etc cía ee.uu a.c d.c s.a ee uu lun mié jue vie sáb dom",
    "it": "ecc s.p.a s.r.l spa srl d.c a.c az nov",
    "pt": "etc cia ltda s.a",
    "nl": "enz etc bv nv vnw",
    "da": "osv mv m.m m.v m.fl o.l o.lign co",
    "nb": "osv mv m.m m.v m.fl o.l",
    "sv": "osv o.s.v m.m m.fl o.d mfl",
    "fi": "jne yms ym jms oy mm",
    "pl": "itd itp m.in r w zł gr tys mln mld godz min sek",
    "cs": "atd apod aj kč s.r.o a.s r tis mil hod min",
    "sk": "atď a.s s.r.o apod r tis mil hod min o",
    "ru": "г гг в вв т.д т.п др пр тыс млн млрд руб коп долл дол у.е кв.м куб.м ч мин сек м км э.р н.э до",
    "uk": "р рр ст т.д т.п ін тис млн млрд грн коп кв.м куб.м год хв сек га вт од град",
    "bg": "г гг в вв т.г т.н др пр хил млн млрд лв ст кв.м",
    "lt": "m d",
    "kk": "ғ ғғ ж жж т.б мың млн млрд",
    "tr": "vb vs şti ltd a.ş",
    "hu": "stb kft rt zrt bt u",
    "el": "κ.λπ κλπ κτλ κ.ά μ.μ π.μ",
    "ro": "etc s.a s.r.l ș.a",
}

_COMMON = {
    "en": "arc ark con exec fed id ill may miss ore pa ref reg",
    "de": "mag miss",
    "es": "ante bien bis contra dos entre extra mini post sobre super tras ultra",
    "nl": "bel best hand pan pas trim",
    "da": "bet bot del form gal kat lok mul nord pass port red sign sort",
    "cs": "red rum tu",
    "pl": "lip tur",
    "ru": "муж",
}

_SAME = {"no": "nb", "nn": "nb", "bs": "hr", "be": "ru", "mk": "bg", "gl": "es", "ca": "es", "lb": "de", "ms": "id"}


@cache
def _of(table: str, lang: str) -> frozenset[str]:
    words = {"never": _NEVER, "numbered": _NUMBERED, "may_end": _MAY_END}[table]
    english = _words(words["en"])
    return english if lang == "en" else english - HOMOGRAPHS | _words(words.get(_SAME.get(lang, lang), ""))


def never(lang: str) -> frozenset[str]:
    """Abbreviations that something must follow: titles, "e.g."."""
    return _of("never", lang)


def numbered(lang: str) -> frozenset[str]:
    """Abbreviations before a number: "p. 5"."""
    return _of("numbered", lang)


def may_end(lang: str) -> frozenset[str]:
    """Abbreviations that may stand last in a sentence: "Inc.", "etc."."""
    return _of("may_end", lang)


@cache
def common(lang: str) -> frozenset[str]:
    """Words, in small letters, that lists of abbreviations have as well."""
    words = _words(_COMMON.get(_SAME.get(lang, lang), ""))
    return words if lang == "en" else words | HOMOGRAPHS


@cache
def starters(lang: str) -> frozenset[str]:
    """Small words that are written large only where a sentence begins."""
    own = _words(STARTERS.get(_SAME.get(lang, lang), ""))
    return own if lang in LARGE_NOUNS else own | _words(STARTERS["en"])  # "See", "Will", "Not" are nouns of German


_ARTICLES = {
    "de": "zum zur am im vom beim der die das dem den des ins ihr ihre ihren ihrem ihres sein seine seinen seinem mein"
    " meine meinen meinem unser unsere unseren unserem euer jeder jede jeden jedem dieser diese dieses diesem diesen",
    "da": "den det de til sin sit sine min mit mine vores deres hans hendes",
    "nb": "den det de til sin sitt sine min mitt mine vår vårt deres hans hennes",
    "is": "á í við",
    "cs": "na ve v k ke od do za po při před svůj jeho její",
    "sk": "na vo v k ku od do za po pri pred svoj jeho jej",
    "hu": "a az",
    "sl": "na v ob do od po pred za",
    "hr": "na u do od po za uz pred",
    "sr": "на у до од по за уз пред na u do od po za uz pred",
    "tr": "bu şu o",
}


@cache
def articles(lang: str) -> frozenset[str]:
    """Words behind which a number with a stop is an ordinal, however long it is."""
    return _words(_ARTICLES.get(_SAME.get(lang, lang), ""))


@cache
def abbreviations(lang: str) -> frozenset[str]:
    """All of them, as what does not end a sentence where nothing else is known."""
    return (never(lang) | numbered(lang) | may_end(lang)) - FINAL - ORDINARY
