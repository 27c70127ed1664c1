"""Abbreviations by language, and words that look like them. Data only; all in small letters, without the stop."""

from __future__ import annotations

__all__ = ["ARTICLES_OF", "COMMON", "MAY_END", "NEVER", "NUMBERED"]

NEVER = {
    "en": "mr mrs ms messrs mx dr prof rev fr hon pres gov sen rep gen col lt capt cmdr adm sgt cpl pvt maj brig supt"
    " det insp mt vs cf e.g i.e viz approx ca eq esp incl resp undef msgr mme mlle hrn atty asst assoc ed eds trans"
    " tel orig synth subsp ssp spp var phil suppl civ crim evid bankr mmes amb pfc spc ens radm del pty",
    "de": "hr hrn fr frl dr prof dipl ing med jur phil nat rer habil st bzw ca vgl sog z z.b u.a d.h i.d.r z.t z.z"
    " u.u m.e s.u s.o o.ä evtl ggf inkl exkl zzgl abzgl max min mind nr abs kath evang ev geb gest verh wg bes betr"
    " bspw insb insbes allg ehem einschl gem lt mtl nördl östl südl westl str tel urspr vorm zit gez hl fa fam az urt"
    " beschl aktz v frdl freundl herzl anl",
    "fr": "m mm mme mmes mlle mlles dr pr prof me mgr st ste cf p.ex env av bd boul tél réf éd chap fig gal cdt cne",
    "es": "sr sra srta srtas sres sras d dña dr dra lic ing arq prof profa gral cnel cap tte ud uds vd vds admón avda"
    " cra cfr p.ej av núm dpto excmo excma ilmo ilma mons sto sta tel pág ntra ntro pbro hno hna gob ej fr d.ª ma fco",
    "it": "sig sigg sig.ra sig.na sig.re dott dott.ssa dr prof prof.ssa avv ing arch geom rag on sen mons egr gent"
    " gent.mo spett dir amm psicol st cfr p.es es ca min lun mer gio ven v dep econ preg gent.le stim ill rev p.za"
    " v.le c.so",
    "pt": "sr sra srta dr dra prof profa eng arq av exmo exma ilmo ilma v.ex p.ex cf tel pág núm dir pres gov dep sen"
    " cel ten cap sto sta",
    "nl": "dhr mw mevr dr drs ir mr prof ing bijv o.a d.w.z m.b.t t.a.v a.u.b blz ca i.p.v i.v.m z.g evt incl excl"
    " resp mej maj",
    "da": "hr fr frk dr prof skt bl.a f.eks dvs ca evt inkl ekskl pga m.h.t jf jfr kl tlf vedr mht adm afd dir ing stk",
    "nb": "hr fr frk dr prof st bl.a f.eks dvs ca evt inkl ekskl pga m.h.t jf jfr kl tlf vedr",
    "sv": "hr fr frk dr prof s:t bl.a t.ex dvs d.v.s ca ev inkl exkl jfr kl tel t.o.m fr.o.m p.g.a s.k resp ang enl"
    " kungl",
    "fi": "hra rva nti tri prof esim mm ns ks vrt mr ts fil toim synt puh klo n ins dipl.ins maist toht",
    "pl": "p pp dr prof inż mgr hab doc ks św np tzn tj m.in tzw ul al pl os nr str tel wg ok por gen płk kpt bł dz"
    " red wyd jez rz pt ur zm woj pow gm kard bp abp o br ppłk mjr kpr sierż",
    "cs": "p pí sl dr mudr judr phdr rndr ing mgr bc prof doc sv např tj tzv resp popř příp č čís str ul nám tel pozn"
    " srov zvl gen plk kpt red vyd nar zemř kard abp bp mjr npor por okr obv",
    "sk": "p dr mudr judr phdr rndr ing mgr bc prof doc sv napr tj tzv resp popr príp č str ul nám tel pozn porov gen"
    " red vyd nar zom kard",
    "hu": "dr prof ifj id özv kb pl ill ún ti ker tel szt vö ld szerk ford gr br",
    "ro": "dl d-l d-na dna dnul dr ing prof acad str bd nr tel cca ex sf jud av arh",
    "hr": "g gđa gđica dr sc čl prof ing mr sv npr tj tzv ul br str tel god",
    "sl": "g ga gdč dr prof inž mag sv npr tj t.i t.j ul št str tel oz",
    "sr": "г гђа др проф инж мр св нпр тј тзв ул бр стр тел g dr prof npr tj tzv ul br str",
    "tr": "dr prof doç yrd av sn öğr alb gen ör örn bkz mah cad sok no müh mim uzm dt ecz hz bşk yard ltd",
    "el": "κ κα κκ δρ καθ αγ π.χ δηλ βλ πρβλ αρ τηλ σελ αρχ",
    "ru": "г-н г-жа гр проф акад доц д-р инж им ул пр-т просп пер пл наб бул д корп кв обл р-н пос пгт дер т.е т.к"
    " т.н напр см ср тел стр рис табл св чл корр зам зав гос ок прим изд ред жур журн полк ген адм о-в п с гл оз тов"
    " авт сост",
    "uk": "п проф акад доц д-р інж ім вул просп пров пл бул буд корп кв обл р-н смт с м т.зв напр див пор тел стор"
    " рис табл св чл кор зам зав ред вид журн ген о-в гл укр англ нім франц лат оз тов",
    "bg": "г-н г-жа г-ца проф акад доц д-р инж ул бул пл кв бл вх ет ап обл общ гр с т.е т.нар напр вж срв тел стр"
    " рис табл св чл изд ред ген вкл",
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
    "id": "bpk sdr sdri dr prof drs ir hj h yth jl no tlp jln gg kec kab prov",
    "tl": "g gng bb gg",
    "lt": "p dr prof doc g pvz žr gyd t.y vad plg",
    "lv": "dr prof doc piem sk t.i resp",
    "et": "hr pr dr prof nt vt s.t st lk tel",
}

NUMBERED = {
    "en": "no nos p pp pg vol vols fig figs sec secs ch chap art arts eq eqs app ver v n nr par para ex exs bk pt pts"
    " cl col ref refs ed tab op sched rm apt ste bldg fl ext tel max min jan feb mar apr jun jul aug sep sept oct nov"
    " sect sects hep vit inj evid civ crim supp proc suppl temp wt dec mon tue tues wed thu thur thurs fri sat sun №",
    "de": "s bd bde nr abb tab kap abs art anm aufl ziff rn hausnr jh jan feb mär aug sept okt nov dez jän f ff artt",
    "fr": "p pp n no t vol chap fig art al r janv févr juil sept oct nov déc civ com soc crim tabl env arts figs vols"
    " chaps suiv ss",
    "es": "pág págs núm nº n cap vol fig art inc n° n.º ene feb mar abr may jun jul ago sept oct nov dic aprox depto"
    " dpto piso apto tel ap sec tab arts caps figs núms vols ss sigs incs",
    "it": "pag pagg p pp n nn num co l lett cc cap vol fig art tab gen feb mar apr mag giu lug ago set ott nov dic"
    " sez ca artt segg ss capp figg",
    "pt": "pág págs p pp n nº cap vol fig art jan fev mar abr mai jun jul ago set out nov dez n.º aprox apto bl lj"
    " séc inc al tab tel arts caps figs fls ss vols",
    "nl": "blz p pp nr nrs hfst art fig afb jan feb mrt apr jun jul aug sep okt nov dec hfdst lid jl st artt e.v",
    "da": "s nr kap stk fig bd jan feb mar apr jun jul aug sep okt nov dec d tab art pkt",
    "ru": "с стр гл рис табл т п пп ст ч вып № янв фев апр авг сент окт нояб дек таб",
    "uk": "с стор гл рис табл т п пп ст ч вип № січ лют бер квіт трав черв лип серп вер жовт лист груд мал",
    "pl": "s str nr t tab rys rozdz art ust pkt poz sty lut kwi maj cze lip sie wrz paź lis gru",
    "el": "σελ σ σσ εικ σχ πίν κεφ αρ άρ άρθ παρ τόμ αρθ",
    "ro": "nr art alin lit pag p pct et ap bl sc cap vol fig",
    "cs": "s str č čís odst obr tab kap sv r písm ods",
    "nb": "s nr kap stk fig bd tab jan feb mar apr jun jul aug sep sept okt nov des d art pkt",
    "sv": "s sid kap nr fig tab bd jan feb mar apr jun jul aug sept okt nov dec kl mom",
    "fi": "s ss luku kuva taul art kpl mom v",
    "tr": "s md m f şek tab bkz c cilt no sn",
    "hu": "jan febr márc ápr máj jún júl aug szept okt nov dec sz ábra táb vö",
    "bg": "чл ал т стр с фиг табл рис гл № ул бл ет ап",
    "hr": "sl tab str br čl st toč",
    "sl": "sl str št čl",
    "sr": "сл таб стр бр чл ст",
    "sk": "s str č čís odst ods písm obr tab kap",
    "id": "hlm hal gbr tab no pasal tgl",
    "lt": "p psl str",
    "lv": "lpp",
    "et": "lk",
}

MAY_END = {
    "en": "inc corp co ltd llc plc bros jr sr esq etc al ave blvd rd ln ct hwy st ft dept univ est jan feb mar apr"
    " jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri ind dist",
    "de": "usw etc co jh jhd str u.v.m u.s.w mio mrd gmbh jan feb aug sept okt nov dez jän f ff",
    "fr": "etc cie sarl apr",
    "es": "etc cía ee.uu a.c d.c s.a ee uu lun mié jue vie sáb dom",
    "it": "ecc s.p.a s.r.l spa srl d.c a.c az nov",
    "pt": "etc cia ltda s.a",
    "nl": "enz etc bv nv vnw",
    "da": "osv mv m.m m.v m.fl o.l o.lign co",
    "nb": "osv mv m.m m.v m.fl o.l",
    "sv": "osv o.s.v m.m m.fl o.d mfl",
    "fi": "jne yms ym jms oy mm",
    "pl": "itd itp m.in r w zł gr tys mln mld godz min sek im",
    "cs": "atd apod aj kč s.r.o a.s r tis mil hod min stol",
    "sk": "atď a.s s.r.o apod r tis mil hod min o",
    "ru": "г гг в вв т.д т.п др пр тыс млн млрд руб коп долл дол у.е кв.м куб.м ч мин сек м км э.р н.э до",
    "uk": "р рр ст т.д т.п ін тис млн млрд грн коп кв.м куб.м год хв сек га вт од град",
    "bg": "г гг в вв т.г т.н др пр хил млн млрд лв ст кв.м",
    "lt": "m d",
    "kk": "ғ ғғ ж жж т.б мың млн млрд",
    "tr": "vb vs şti ltd a.ş",
    "hu": "stb kft rt zrt bt u",
    "el": "κ.λπ κλπ κτλ κ.ά μ.μ π.μ κ.ο.κ",
    "ro": "etc s.a s.r.l ș.a",
}

COMMON = {
    "en": "arc ark con exec fed id ill may miss ore pa ref reg",
    "de": "mag miss",
    "es": "ante bien bis contra dos entre extra mini post sobre super tras ultra",
    "nl": "bel best hand pan pas trim",
    "da": "bet bot del form gal kat lok mul nord pass port red sign sort",
    "cs": "red rum tu",
    "pl": "lip tur",
    "ru": "муж",
}

ARTICLES_OF = {
    "de": "zum zur am im vom beim der die das dem den des ins ihr ihre ihren ihrem ihres sein seine seinen seinem mein"
    " meine meinen meinem unser unsere unseren unserem euer jeder jede jeden jedem dieser diese dieses diesem diesen",
    "da": "den det",
    "nb": "den det",
    "hu": "a az",
}
