"""Words of the headers of orders in languages of which exports are rarer; ``order_words`` adds them to its own.

By language, so that a speaker can see what is there. A word may be the beginning of one; Greek ones are written as ``str.casefold`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_WORDS: Mapping[str, Mapping[str, str]] = {
    "ar": {
        "order": "طلب", "number": "رقم|رمز|كود|معرف|معرّف", "time": "تاريخ|وقت|التاريخ", "paid": "دفع|سداد|مدفوع", "shipped": "شحن|إرسال",
        "delivered": "تسليم|استلام|تم التوصيل", "cancelled": "إلغاء|الغاء|ملغي", "completed": "اكتمال|إكمال|مكتمل|إتمام",
        "placed": "طلب|إنشاء|انشاء|شراء", "state": "حالة", "method": "طريقة|وسيلة", "quantity": "كمية", "sum": "إجمالي|اجمالي|مجموع|المبلغ",
        "currency": "عملة", "country": "دولة|بلد", "refund": "استرداد|استرجاع|مسترد", "amount": "مبلغ|قيمة", "buyer": "عميل|مشتري|زبون",
        "expected": "متوقع|موعد|آخر", "not_the_sum": "شحن|ضريبة|خصم|رسوم|تكلفة|منتج|توصيل|عمولة|فرعي|قبل", "discount": "خصم|حسم",
        "product": "منتج|سلعة|صنف", "name": "اسم|عنوان", "price": "سعر", "unit": "وحدة|بيع",
    },
    "fa": {
        "order": "سفارش", "number": "شماره|کد|شناسه", "time": "تاریخ|زمان", "paid": "پرداخت", "shipped": "ارسال", "delivered": "تحویل",
        "cancelled": "لغو", "completed": "تکمیل", "placed": "سفارش|ثبت|خرید", "state": "وضعیت", "method": "روش|نحوه", "quantity": "تعداد|مقدار",
        "sum": "مبلغ کل|جمع کل|مبلغ نهایی|مجموع", "currency": "ارز|واحد پول", "country": "کشور", "refund": "بازپرداخت|استرداد", "amount": "مبلغ",
        "buyer": "مشتری|خریدار", "expected": "تخمینی|پیش بینی|مهلت", "not_the_sum": "ارسال|مالیات|تخفیف|هزینه|کارمزد|کالا|کمیسیون",
        "discount": "تخفیف", "product": "کالا|محصول", "name": "نام|عنوان", "price": "قیمت|بها", "unit": "واحد|فروش",
    },
    "he": {
        "order": "הזמנה|הזמנות", "number": "מספר|קוד|מזהה", "time": "תאריך|שעה", "paid": "תשלום|שולם", "shipped": "משלוח|נשלח|שליחה",
        "delivered": "נמסר|מסירה", "cancelled": "ביטול|בוטל", "completed": "הושלם", "placed": "הזמנה|יצירה|נוצר", "state": "סטטוס|מצב",
        "method": "אמצעי|שיטת", "quantity": "כמות", "sum": "סה\"כ|סך הכל|סכום", "currency": "מטבע", "country": "מדינה|ארץ", "refund": "החזר|זיכוי",
        "amount": "סכום", "buyer": "לקוח|קונה", "expected": "צפוי|משוער", "not_the_sum": "משלוח|מע\"מ|הנחה|עמלה|ביניים", "discount": "הנחה",
        "product": "מוצר|פריט", "name": "שם", "price": "מחיר", "unit": "יחידה",
    },
    "ro": {
        "order": "comand|comenzi", "number": "nr|număr|cod", "time": "data|ora|momentul", "paid": "plat[aăi]|plăți|plății|achita", "shipped": "expedi",
        "delivered": "livrat|livrării", "cancelled": "anul", "completed": "finaliz", "placed": "comand|comenzi|cre[aă]r|plasăr", "state": "stare|starea",
        "method": "metod|modalitat", "quantity": "cantitat|bucăți|buc\\b", "sum": "total|valoare total|valoarea", "currency": "moned",
        "country": "țar[aă]|țăr", "refund": "ramburs|retur", "amount": "valoare|sum[aă]", "buyer": "client|cumpărător", "expected": "estimat|termen|limit",
        "not_the_sum": "livrar|tva|reducer|discount|transport|comision|produs|taxe", "discount": "reducer|discount", "product": "produs|articol",
        "name": "nume|denumir|titlu", "price": "preț|pret", "unit": "unitar|vânzare|de",
    },
    "cs": {
        "order": "objedn[aá]v", "number": "čísl|kód|kod\\b", "time": "datum|dátum|čas\\b|vytvořen|vytvoren", "paid": "plat|zaplac|úhrad|uhrazen|zaplaten",
        "shipped": "odesl[aá]|odeslán|expedi|expedov|odoslan", "delivered": "doručen|doruč", "cancelled": "zrušen|storn", "completed": "dokonč|vyřízen|vybaven",
        "placed": "objedn[aá]v|vytvoř|vytvor|vložen", "state": "stav\\b", "method": "způsob|spôsob|forma|metod|typ\\b", "quantity": "množstv|počet|kus|ks\\b",
        "sum": "celkem|celková|celkov|celkom|k úhradě|částka", "currency": "měn[ay]\\b|men[ay]\\b", "country": "zem[ěe]\\b|stát\\b|krajin|štát", "refund": "vrácen|vráten|dobropis",
        "amount": "částka|suma|cena", "buyer": "zákazní|kupující", "expected": "předpoklád|plánovan|očekávan|termín|nejpozději|do\\b",
        "not_the_sum": "doprav|poštovn|dph|slev|zľav|zboží|produkt|bez\\b|jednotk|proviz", "discount": "slev|zľav", "product": "produkt|zbož|položk|tovar|výrob",
        "name": "název|názov|popis", "price": "cena|ceny|s dph", "unit": "jednotk|za|kus|prodejní|ks\\b",
    },
    "hu": {
        "order": "(?:meg)?rendel", "number": "\\w*szám|azonosító|\\w*azonosító|kód|cikkszám", "time": "dátum|idő|ideje|kelte|napja", "paid": "fizet|kifizet",
        "shipped": "felad|kiszállít|szállítás dátum", "delivered": "kézbesít|átvét", "cancelled": "töröl|törlés|lemond|sztorn", "completed": "teljesít|lezár",
        "placed": "(?:meg)?rendel|létrehoz|vásárl", "state": "állapot|státusz", "method": "mód\\b|módja|\\w*mód\\b", "quantity": "mennyiség|darab|db\\b",
        "sum": "összesen|végösszeg|fizetendő|összeg", "currency": "pénznem|deviza", "country": "ország", "refund": "visszatérít|visszafizet", "amount": "összeg|érték",
        "buyer": "vevő|vásárló|ügyfél", "expected": "várható|határid|tervezett", "not_the_sum": "szállít|áfa|kedvezmény|jutalék|nettó|részösszeg",
        "discount": "kedvezmény|engedmény", "product": "termék|cikk", "name": "nev|név|neve|megnevezés", "price": "ár\\b|ára\\b|egységár|eladási ár", "unit": "egység",
    },
    "el": {
        "order": "παραγγελί", "number": "κωδικ|αριθμ|αρ\\b", "time": "ημερομηνί|ώρα", "paid": "πληρωμ|πληρώθ|εξοφλ", "shipped": "αποστολ|απεστάλ",
        "delivered": "παράδοσ|παραδόθ|παραλαβ", "cancelled": "ακύρωσ|ακυρ", "completed": "ολοκλήρ", "placed": "παραγγελί|δημιουργ|αγορά",
        "state": "κατάστασ", "method": "τρόπο|μέθοδο", "quantity": "ποσότητ|τεμάχι", "sum": "σύνολο|συνολ", "currency": "νόμισμα", "country": "χώρα",
        "refund": "επιστροφ", "amount": "ποσό|αξία", "buyer": "πελάτη|αγοραστ", "expected": "εκτιμώμεν|αναμενόμεν|προβλεπ",
        "not_the_sum": "μεταφορικ|φπα|έκπτωσ|προμήθει|προϊόν|υποσύνολ|καθαρ", "discount": "έκπτωσ", "product": "προϊόν|είδο", "name": "όνομα|ονομα|τίτλο|περιγραφ",
        "price": "τιμή", "unit": "μονάδα|πώληση",
    },
    "uk": {
        "order": "замовл", "number": "номер|код", "time": "дата|час\\b", "paid": "оплат|сплач|оплач", "shipped": "відправ|відвантаж", "delivered": "доставлен|отриман|вручен",
        "cancelled": "скасов|відмін", "completed": "виконан|заверш", "placed": "замовл|створен|оформл", "state": "статус|стан\\b", "method": "спосіб|метод|тип\\b",
        "quantity": "кількіст|шт\\b", "sum": "сума|всього|разом", "currency": "валют", "country": "країн", "refund": "поверн", "amount": "сума", "buyer": "покуп|клієнт|замовник",
        "expected": "очікуван|план|термін|до\\b", "not_the_sum": "достав|знижк|пдв|комісі|товар|послуг", "discount": "знижк", "product": "товар|продукт", "name": "назва|найменуван",
        "price": "ціна", "unit": "одиниц|за|продаж",
    },
    "bg": {
        "order": "поръчк", "number": "номер|код", "time": "дата|час\\b", "paid": "плащ|плат", "shipped": "изпрат|изпращ", "delivered": "доставен|получен", "cancelled": "отказ|анулир",
        "completed": "завърш|приключ", "placed": "поръчк|създаден", "state": "статус|състояни", "method": "начин|метод", "quantity": "количеств|брой|бр\\b",
        "sum": "общо|крайна сума|обща сума", "currency": "валут", "country": "държава", "refund": "възстанов", "amount": "сума", "buyer": "клиент|купувач", "expected": "очаквана|срок",
        "not_the_sum": "достав|отстъпк|ддс|комисион|продукт", "discount": "отстъпк", "product": "продукт|артикул|стока", "name": "име|наименован", "price": "цена", "unit": "единичн|за|ед",
    },
    "sv": {
        "order": "order|beställ|ordre|bestilling|tilau", "number": "\\w*nummer|nr|nro|\\w*numero|tunnus", "time": "datum|dato|\\w*dato|\\w*datum|tid\\b|päivä|\\w*päivä",
        "paid": "betal|maks", "shipped": "skicka|avsänd|afsend|sendt|lähet", "delivered": "leverera|levert|leveret|toimitettu", "cancelled": "annull|avbr|avbeställ|peru",
        "completed": "slutför|fullfør|afslut|valmis", "placed": "order|beställ|skapad|bestilling|oprettet|opprettet|tilau|luotu", "state": "status|tila\\b",
        "method": "metod|sätt|\\w*metode|\\w*tapa", "quantity": "antal|antall|määrä|kpl\\b", "sum": "totalt|summa|i alt|yhteensä|\\w*summa|\\w*belopp|\\w*beløp|\\w*beløb",
        "currency": "valuuta|valuta", "country": "land\\b|maa\\b|\\w*land\\b", "refund": "återbetal|refusjon|refusion|palaut", "amount": "belopp|beløp|beløb|summa",
        "buyer": "kund|kunde|köpare|kjøper|køber|asiakas", "expected": "beräkna|förvänta|forvent|arvioitu", "not_the_sum": "frakt|moms|rabatt|rabat|fragt|porto|alv|alennus|delsum",
        "discount": "rabatt|rabat|alennus", "product": "produkt|vara\\b|vare\\b|varu|artikel|tuot", "name": "namn|navn|nimi|benämning|\\w*namn|\\w*navn", "price": "pris|hinta|\\w*pris", "unit": "styck|enhet|yksikkö",
    },
}  # fmt: skip


def also(name: str) -> str:
    """The words for one thing in all of these languages, with what goes between them, to be appended to others."""
    return "|" + "|".join(_words(name))


def also_whole(name: str) -> str:
    """The same, each to the end of the word that it begins: these languages inflect."""
    return "|" + "|".join(word if word.endswith("\\b") else rf"{word}\w*" for word in _words(name))


def _words(name: str) -> Iterable[str]:
    found = (word for words in _WORDS.values() for word in words.get(name, "").split("|"))
    return dict.fromkeys(filter(None, found))
