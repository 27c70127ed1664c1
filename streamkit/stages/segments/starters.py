"""Small words that have a capital only at the beginning of a sentence, by language. Data only; all in small letters."""

from __future__ import annotations

__all__ = ["STARTERS"]

STARTERS = {
    "en": "the a an this that these those he it she we they i you there here his her its our their my your what when"
    " where why who whose how which whether if in on at after before but and so then however also as for from with"
    " while although because since please not no yes do does did don't doesn't didn't am is isn't are aren't was were"
    " has have had can could will would should may might must let let's some any all many most more much several few"
    " each every everyone everybody everything someone something anyone anything nobody nothing none both neither"
    " either one two three such next now today tomorrow later meanwhile finally instead otherwise else perhaps maybe"
    " thus hence therefore by to of or nor never until without despite unlike once during under over only just even"
    " still see",
    "de": "der die das den dem des ein eine einen einem einer er sie es wir ihr ich du man dies diese dieser dieses"
    " diesem diesen dort hier da dann danach so und aber oder doch denn wenn als wie was wer wo warum wann nicht nur"
    " auch noch schon jetzt heute morgen gestern im in am an auf bei mit nach von vor zu zum zur für aus über unter"
    " bis seit mein dein sein unser euer alle viele mehr jeder jede jedes bitte ja nein kein keine bei ist sind war"
    " hat haben",
    "fr": "le la les l'un un une des il elle ils elles on nous vous je tu ce cet cette ces c'est ceci cela ça son sa"
    " ses leur leurs mon ma mes notre votre et mais ou donc car ni si quand que qui quoi où comment pourquoi dans en"
    " sur sous avec pour par de du au aux après avant depuis ne pas oui non merci ici là puis ensuite enfin tout tous",
    "es": "el la los las un una unos unas él ella ello ellos ellas yo tú usted ustedes nosotros este esta estos estas"
    " ese esa eso esto su sus mi mis y e o pero si no sí que qué quien quién cuando cuándo como cómo donde dónde por"
    " para con en de del al a desde hasta sobre se le lo les también además luego después ahora hoy aquí allí es son"
    " está están no gracias",
    "it": "il lo la i gli le un uno una egli lui lei esso essa noi voi loro io tu questo questa questi queste quello"
    " quella ciò e ed o ma se non sì no che chi cosa quando come dove perché per con in di del della a al da su anche"
    " poi dopo ora oggi qui lì si è sono grazie",
    "pt": "o a os as um uma uns umas ele ela eles elas eu tu você vocês nós este esta isto esse essa isso aquele seu"
    " sua meu minha e ou mas se não sim que quem quando como onde por para com em no na de do da ao à também depois"
    " agora hoje aqui ali já é são",
    "nl": "de het een hij zij ze wij we jij je u ik dit dat deze die er hier daar en maar of want dus als wanneer"
    " waar waarom hoe wat wie in op aan bij met van voor na naar om te niet geen ook nog nu toen vandaag is zijn was",
    "da": "den det de en et han hun vi i jeg du man denne dette disse der her og men eller så hvis når hvor hvorfor"
    " hvordan hvad hvem på til fra med for af om efter før ikke ingen også nu da er var har",
    "nb": "den det de en ei et han hun vi dere jeg du man denne dette disse der her og men eller så hvis når hvor"
    " hvorfor hvordan hva hvem på til fra med for av om etter før ikke ingen også nå da er var har",
    "sv": "den det de en ett han hon vi ni jag du man denna detta dessa där här och men eller så om när var varför hur"
    " vad vem på till från med för av efter före inte ingen också nu då är har",
    "fi": "se ne hän he me te minä sinä tämä nämä tuo ja mutta tai jos kun missä miksi miten mikä mitä kuka ei myös"
    " nyt sitten on oli",
    "pl": "ten ta to te ci on ona ono oni one my wy ja ty ale i a lub albo jeśli gdy kiedy gdzie dlaczego jak co kto w"
    " we na do od z ze za po przed przy dla nie tak także teraz potem jest są był była",
    "cs": "ten ta to ti ty on ona ono oni my vy já a ale i nebo když kde proč jak co kdo v ve na do od z ze za po před"
    " při pro ne ano také teď pak je jsou byl byla má",
    "sk": "ten tá to tí on ona ono oni my vy ja a ale i alebo keď kde prečo ako čo kto v vo na do od z zo za po pred"
    " pri pre nie áno tiež teraz potom je sú bol bola má",
    "ru": "он она оно они мы вы я ты это этот эта эти тот та те и а но или если когда где почему как что кто в во на"
    " с со к по за из от до для при о об не нет да так также тоже затем потом теперь сейчас уже ещё всё все"
    " однако сегодня здесь там был была",
    "uk": "він вона воно вони ми ви я ти це цей ця ці той та ті і й а але або якщо коли де чому як що хто в у на з із"
    " до від за по для при про не ні так також потім тепер сьогодні тут там був була",
    "bg": "той тя то те ние вие аз ти това този тази тези и а но или ако когато къде защо как какво кой в във на с със"
    " към по за от до при не да също после сега днес тук там беше",
    "tr": "bu şu o onlar biz siz ben sen ve ama veya eğer ne nerede neden nasıl kim bir bugün şimdi sonra",
    "hu": "a az ez ezek azok ő ők mi ti én te és de vagy ha amikor hol miért hogyan mit ki nem igen is most ma",
    "ro": "el ea ei ele noi voi eu tu acest această acesta aceasta acela un o și dar sau dacă când unde de cum ce cine"
    " în la pe cu din pentru nu da acum azi este sunt",
    "el": "ο η το οι τα τον την ένας μια ένα αυτός αυτή αυτό εγώ εσύ εμείς και αλλά ή αν όταν πού γιατί πώς τι ποιος"
    " στο στη σε με για από δεν ναι όχι τώρα σήμερα είναι",
    "hr": "taj ta to oni on ona mi vi ja ti i a ali ili ako kad gdje zašto kako što tko u na s sa za od do po ne da"
    " sada danas je su",
    "sr": "тај та то они он она ми ви ја ти и а али или ако кад где зашто како шта ко у на с са за од до по не да"
    " је су",
    "sl": "ta to on ona oni mi vi jaz ti in a ali če ko kje zakaj kako kaj kdo v na z za od do po ne da zdaj"
    " danes je so",
    "id": "ini itu dia ia mereka kami kita saya kamu anda dan tetapi atau jika ketika apa siapa di ke dari untuk tidak",
    "vi": "tôi anh chị ông bà chúng họ nó đây đó và nhưng hoặc nếu khi ở tại từ cho không",
}  # fmt: skip
