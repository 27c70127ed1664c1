"""Where sentences end, in many languages: ``|`` marks it. All cases hold with each judge and at each cut."""

from __future__ import annotations

import random
from typing import Any

import pytest

from streamkit.stages.segments import abbreviations as known
from tests.stages.segmenting import JUDGES, pieces_of, texts

CASES = {
    "en": [
        "The kettle boils.|Tea is ready!|Who wants some?|Nobody... yet.",
        "Dr. Novak met Mrs. Lee at St. Mary's.|They talked.",
        "We left at 7 p.m. on Sunday.|It was dark.",
        "Bring fruit, e.g. plums, i.e. anything sweet.|Thanks.",
        "Acme Inc. sells kettles.|Its rival is Bolt Ltd.|Both are old.",
        "The flat costs 1.250.000 or so.|It has 72.5 sq. ft. of balcony.",
        "He lives in the U.S. with his cat.|She lives in the U.K.|They write.",
        "Version 3.11.2 is out.|See https://kettle.example/news.html?id=4.2 for more.",
        "\"Stop!\" he said.|\"Why?\"|She went on.",
        "(It was late.)|He slept [see p. 12].|So did we.",
        "J. R. Palmer wrote it.|See Fig. 3 and No. 7, vol. 2.",
        "What?!|No way...|Really.",
        "Use `a.b. C` here.|It works 😀|Good.",
        "She has a Ph.D. in physics.|He does not.",
        "I said no.I meant it.",
        "what is it?|it is tea.|fine",
        "“Why?” I asked.|Well... I see.|Good.",
        "Ask Acme Inc. NASA people, please.|Now.",
        "He waits .|Then he goes.",
        "The U.S. – Canada border is long.|Go.",
        "The shop opened at 5 p.m.|20 people came.",
        "At 5 a.m. Anna woke.|She ran.",
        "“Tea is life.” (an old saying).|Then we drank.",
        "It ended.|. . . She left.",
        "We like it.|Antidisestablishmentarianistically.|Yes.",
        "He said nothing. . . and left.|Good.",
        "We left in Feb.|Nobody saw us.|Bolt Inc.|Don't ask.",
        "Tea is sold on Mill St.|It is good.|St. Anne's is near.",
        "I met Jane B.|She makes tea.|Take Option B.|The rest is dear.|John B. May came.",
        "He fell ill.|Mary made tea.|OK.|Mary drank it.|Show your id.|Mary waits.",
        "See vol. II.|Then chap. IV of it.|No.|I will not.",
        "It was seen.¹|It was not.²³|Why?",
        "It may help. :)|Ask me!|Bye! ;-)|Anna",
        "See Fig. A for it.|Then Fig. S1 and Sec. B.|See Figs. A and B, App. C-2 or Fig. A.|Next one.",
        "I said no.|A man came.|We meet on Sat.|A friend comes.|Take vitamin C.|Milk is good.|I ate a fig.|A man saw.",
        "He scored 100.|Then he left.|How many?|12.|That is all.",
        "Do this: 1. Open it.|2. Close it (see p. 2.) now.|3.) Go.|It ended 5.|Next: 5.|So be it.",
        "It ran 24 h.|Nothing broke.|It weighs 5 kg.|Bring help.|Give it b.i.d.|Rest well.|At 5 h. 30 we go.",
        "'Well!' thought Anna, 'what a kettle! How odd! Why so?'|She sat.|'Tis late.|The boys' toys.|They left.",
        "We like the CF.|Every day.|Ask bob@kettle.co.|Pedro II.|Kings came.|Ok.|See 410 U.S. 113, § 4.|It is so.",
        "P.S. I like tea.|N.B. It is hot.|Bolt Co. Ltd. sells it at 10 km/h.|Buy some.",
        "J.-P. Roux came.|See Pub. L. No. 5.|Go.",
        "“If only...” Anna began.|I love it ❤️|Thanks!|I ❤️ Paris.|This is id. § 4.|It is 5 ft.|Bend down.",
        "The symbol Ω; Then it is.|He said λόγος; She left.",
        "The word 好。 means good.|He said “好！” to me.|So I went.",
    ],
    "de": [
        "Es regnet.|Am 3. Oktober bleibt der Laden zu.|Schade!",
        "Prof. Dr. Lang kommt z. B. um 8 Uhr, d. h. spät.|Wir warten.",
        "Das kostet ca. 3,50 Euro usw.|Er sagte: „Gut.“|Dann ging er.",
        "Ludwig XIV. Bourbon war König.|Er lebte lange.",
        "Siehe Nr. 5, Abs. 2.|Ist das so?|Ja.",
        "Zum 100. Jubiläum kamen alle.|Er erzielte 100.|Dann ging er.|Der 1.000. Gast kam.|Es waren 100.|Peter kam.",
        "Am 3. 5. 2020 war es.|Am 24. 12. kommt er.|Nach dem Urt. v. 3. Mai ist es so.|Er kommt um 8.|Passt das?",
        "»Gut«, sagte sie.|»Dann los!«|Fa. Roth GmbH zahlt.",
        "Dort kommt Dipl.-Ing. Roth.|Gut.",
        "Der 3. See ist tief.|Das sagte J.W. Goethe.|Ich weiß, was ich mag.|Anna auch.",
    ],
    "fr": ["Il pleut.|Quoi ?|Mme Petit et M. Roux rient !|« Bon. »|Voir p. 7, etc.", "C’est l’hiver…|Tu viens ?|Non."],
    "es": ["Vive en EE. UU. con Ana.|La U.E. paga.|Véanse los arts. 5 y 6.",
           "¿Llueve?|¡Sí!|El Sr. Gil y la Dra. Paz comen.|Son las 5 p. m. en punto.", "Hay pan, vino, etc.|Nada más.",
           "Todo va bien.|Ana ríe."],
    "it": ["Piove.|Il sig. Conti e la dott.ssa Riva ridono!|Perché?", "Costa 3.500 euro.|È molto.",
           "Non si sa mai.|Anna va al bar.|Era il I sec. d.C. a Roma."],
    "pt": ["Chove.|O Sr. Lima e a Dra. Reis riem!|Por quê?", "Ver p. 3.|Obrigado."],
    "nl": ["'s Avonds regent het.|'t Is koud.|Het regent.|Dhr. Bakker komt o.a. voor thee, d.w.z. om vijf uur.|Fijn!",
           "Thee, koffie enz.|Het glas is vol.|Jan drinkt."],
    "sv": ["Så var det.|Hon kom sen.|Anna såg det.", "Det regnar.|Vi tar t.ex. te, dvs. något varmt.|Bra!"],
    "da": ["Det regner.|Den 4. maj kommer hr. Holm, bl.a. for te.|Godt!",
           "Det sker i maj.|Anna er fri.|Te, kaffe m.m.|Anna vælger."],
    "nb": ["Det regner.|Den 4. mai kommer hun, f.eks. med te.|Bra!"],
    "fi": ["Sataa.|Tulemme 5. toukokuuta esim. junalla.|Hyvä!"],
    "pl": ["Pada.|Pan dr Nowak kupił np. herbatę, tzn. coś ciepłego.|Dobrze!", "Mieszkam na ul. Długiej.|A ty?"],
    "cs": ["Prší.|Dne 4. května přijde p. Novák, např. na čaj.|Dobře!"],
    "hu": ["Esik.|Ma pl. teát iszunk, kb. ötkor.|Jó!"],
    "ro": ["Plouă.|Dl. Pop vine la ora 5.|Bine!"],
    "hr": ["Pada kiša.|Dođi npr. u pet.|Dobro!"],
    "ru": ["Идёт дождь.|А. С. Петров купил чай, хлеб и т. д.|Хорошо!",
           "Это пишет М.Ю. Котов.|М.Ю. Котов пьёт чай, сок и т.п.|Анна тоже.",
           "Он живёт на ул. Новой.|Это 5 тыс. рублей.|Дорого?"],
    "uk": ["Дощ.|Це коштує 5 грн. за кілограм.|Добре!"],
    "bg": ["Вали.|Срещата е в 5 ч. следобед.|Добре!"],
    "el": ["Έχεις iPhone 15 Pro Max;|Ναι.|«Γιατί;»|Το TikTok;|Netflix ή ύπνος;|Ύπνος.|Έλα; ναι.",
           "Βρέχει.|Έρχεσαι;|Ο κ. Παππάς ήρθε π.χ. χθες.|Ωραία!"],
    "tr": ["Yağmur var.|Dr. Kaya çay, ekmek vb. aldı.|Güzel!"],
    "ar": ["«من هنا؟» سألت أمي.|لا أحد.", "المطر يهطل.|هل ستأتي؟|نعم!"],
    "fa": ["باران می‌بارد.|می‌آیی؟|بله!"],
    "ur": ["بارش ہو رہی ہے۔|کیا تم آؤ گے؟|ہاں۔"],
    "he": ["\"מי שם?\" שאל דן.|אף אחד.", "יורד גשם.|אתה בא?|כן!"],
    "hi": ["बारिश हो रही है।|क्या तुम आओगे?|हाँ।"],
    "mr": ["पाऊस पडत आहे.|तू येशील का?|हो."],
    "bn": ["বৃষ্টি হচ্ছে।|তুমি আসবে?|হ্যাঁ।"],
    "ta": ["மழை பெய்கிறது.|நீ வருவாயா?|ஆம்."],
    "am": ["ዝናብ ነው።|ትመጣለህ፧|አዎ።"],
    "hy": ["Անձրև է։|Կգա՞ս։|Այո։"],
    "my": ["မိုးရွာသည်။|လာမလား။"],
    "km": ["ភ្លៀង។|មកទេ?"],
    "ka": ["წვიმს.|მოდიხარ?|კი."],
    "ko": ["\"누구?\" 그녀가 물었다.|없다.", "비가 온다.|올 거야?|그래!", "“좋아요.”라고 말했다.|끝."],
    "ja": [
        "雨だ。|来る？|うん！", "「いいよ。」と彼は言った。|そして帰った。",
        "１．茶を沸かす。|待つ。", "（雨だった。）|その後、晴れた。", "値段は3.5万円です。|高い……|本当？",
    ],
    "zh": [
        "下雨了。|你来吗？|来！", "他说：“好。”|然后走了。",
        "“走吧。”他说道。|我们走了……|天黑了。", "她问：“走吗？”|我说：“走。”|他说道：“好。”",
        "首先：１．打开。|２．关闭。|5．再来。", "版本3.5发布了。|用`a。b`吧；好。",
    ],
    "vi": ["Tôi đi Huế.|Bạn đi đâu?", "Trời mưa.|Bạn có đến không?|Có!"],
    "id": ["Hujan turun.|Kamu datang?|Ya!"],
}  # fmt: skip

MARKDOWN = {
    "# Tea. A guide\nBoil *water.* Then **pour it.** Done": "# Tea. A guide|Boil *water.*|Then **pour it.**|Done",
    "Steps:\n1. Boil. Wait\n2. Pour\n\n- Sip! Enjoy": "Steps:|1. Boil.|Wait|2. Pour|- Sip!|Enjoy",
    "See [the page. Now](https://a.example/b.c). It is good.[^1] Yes [1]. End":
        "See [the page. Now](https://a.example/b.c).|It is good.[^1]|Yes [1].|End",
    "~~Gone.~~ <b>Bold.</b> Said": "~~Gone.~~|<b>Bold.</b>|Said",
    "Wrapped lines go on as one\nsentence. Others\nDo not": "Wrapped lines go on as one\nsentence.|Others|Do not",
    "Text\n```py\nx = 1. Y\n\nz = 2\n```\nMore.\n\n---\nLast": "Text|```py\nx = 1. Y\n\nz = 2\n```|More.|---|Last",
    "```tea``` is fine. Yes": "```tea``` is fine.|Yes",
    "Say `Dr.` Novak. Yes": "Say `Dr.` Novak.|Yes",
    "Use `it.` Then go": "Use `it.`|Then go",
    "> Said. So\n> On": "> Said.|So|> On",
    "**Note.** Read _this._ Not `that. One`. End": "**Note.**|Read _this._|Not `that. One`.|End",
    "**1. Tea.** Boil it.\n**2.** Pour. Sip\n__3. Wash__": "**1. Tea.**|Boil it.|**2.** Pour.|Sip|__3. Wash__",
    "It is so.<sup>12</sup> See <b><i>that.</i></b> <i><b>Yes":
        "It is so.<sup>12</sup>|See <b><i>that.</i></b>|<i><b>Yes",
    "1. ```sh\n   tea. B\n   ```\n2. Pour. Sip\n- [ ] ~~~\n  x\n  ~~~":
        "1.|```sh\n   tea. B\n   ```|2. Pour.|Sip|- [ ]|~~~\n  x\n  ~~~",
    "1.) Open it. Then\n1.1. Or so. So\n1.1) Z. W\n(1.) Go. On\na.) Do. It\n（3）好。\n4、五。六":
        "1.) Open it.|Then|1.1. Or so.|So|1.1) Z. W|(1.) Go.|On|a.) Do.|It|（3）好。|4、五。|六",
    "well that was very odd of you\nnever again please": "well that was very odd of you|never again please",
    "A) Yes\nB) No. Why?\n[ ] Do it. Now": "A) Yes|B) No.|Why?|[ ] Do it.|Now",
}  # fmt: skip


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: type(judge).__name__)
@pytest.mark.parametrize(("lang", "case"), [(lang, case) for lang in CASES for case in CASES[lang]])
def test_sentences(lang: str, case: str, judge: Any):
    sentences = case.split("|")
    check(("" if lang in ("ja", "zh") else " ").join(sentences), sentences, lang, judge)


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: type(judge).__name__)
@pytest.mark.parametrize("text", MARKDOWN)
def test_markdown(text: str, judge: Any):
    check(text, MARKDOWN[text].split("|"), "en", judge)


@pytest.mark.parametrize("lang", ["ru", "el", "ar", "hi", "ko", "ja", "zh", "ka", "am"])
def test_the_script_tells_the_language(lang: str):
    for case in CASES[lang]:
        glue = "" if lang in ("ja", "zh") else " "
        check(glue.join(case.split("|")), case.split("|"), "auto", JUDGES[0])


def test_a_region_or_script_of_the_language_does_not_matter():
    for lang in ("de", "de-AT", "DE_latn"):
        assert texts("Am 3. Mai. Gut.", lang=lang) == ["Am 3. Mai.", "Gut."]


def test_words_are_known_without_their_stop():
    for table in (known.never, known.before_numbers, known.may_end, known.common, known.starters):
        assert not [word for lang in (*CASES, "sk", "sl", "lt", "lv", "et") for word in table(lang) if word[-1] == "."]


def check(text: str, sentences: list[str], lang: str, judge: Any) -> None:
    dice = random.Random(text)
    for pieces in ([text], list(text), pieces_of(text, dice, 12)):
        assert texts(pieces, lang=lang, judge=judge) == sentences
