"""Where people live and what they are called, in prose: postal addresses by their words and numbers, and what follows a label.

Called by ``scoring/events/personal_values.py``. An address is recognised by two signs at least: words for a part of a town or
country, and the number of a house. A name in prose has no shape of its own; it is masked behind a word that says whose it is
(``收件人：``, ``Recipient:``). Texts are in plain form: digits and signs of other scripts are ASCII.
"""

from __future__ import annotations

import re

#: letters of the scripts that put no spaces between words
_HAN, _KANA, _HANGUL, _THAI = "\u4e00-\u9fff", "\u3040-\u30ff々ヶ", "가-힣", "\u0e00-\u0e7f"
_ARABIC = "\u0620-\u065f\u066e-\u06d3\u200c"
_UPPER, _LOWER = "A-ZÀ-ÖØ-ÞĀ-ŽĐƠƯ", "a-zà-öø-ÿā-žđơư"
#: of an address a word ends somewhere: in a text of nothing but ``Ab-Ab-…`` each ``A`` would be tried to the text's end
_WORD = rf"[{_UPPER}][{_LOWER}{_UPPER}'’.\-]{{0,60}}"
_NAME_WORD = rf"[{_UPPER}][{_LOWER}{_UPPER}'’.\-]*"

#: to the first of these words, and no other way is tried: a text of nothing but such words has 8 ⁵ ways to be five parts
_ZH_PART = rf"(?>[{_HAN}]{{1,8}}?(?:省|市|自治区|自治州|区|區|县|縣|镇|鎮|乡|鄉|街道|里))"
_ZH_ROAD = rf"[{_HAN}]{{1,8}}(?:路|街|巷|弄|胡同|大道|道)(?:[一二三四五六七八九十\d]{{1,3}}段)?"
_ZH_HOUSE = r"[甲乙丙]?\d{1,5}(?:-\d{1,4})?\s?(?:号|號|弄|栋|幢|棟|室|单元|樓|楼|座|层|組|组)(?!店|线|線|链|馆|館|款|码|碼)"
_ZH_REST = rf"(?:[{_HAN}A-Za-z0-9\-#]{{1,30}})?"
_EN_STREET = r"(?:Street|St\.?|Avenue|Ave\.?|Road|Rd\.?|Boulevard|Blvd\.?|Lane|Ln\.?|Terrace|Crescent|Parkway|Pkwy\.?|Highway|Hwy\.?)"
_EN_REST = r"(?:,? (?:Apt|Unit|Suite|Ste|Floor|Fl|Room|Rm)\.? ?#?\w{1,6}| ?#\d{1,5})?(?:, [A-Z][\w .'\-]{1,40}){0,3}(?: \d{5}(?:-\d{4})?)?"
_VI_PART = r"(?:đường|phố|ngõ|ngách|hẻm|thôn|ấp|khu phố|phường|xã|thị trấn|thị xã|quận|huyện|thành phố|tỉnh|duong|ngo|hem|phuong|quan|huyen|tp\.? ?hcm|tp\.)"
_TH_PART = r"(?:หมู่(?:ที่)?|ซอย|ถนน|แขวง|ตำบล|เขต|อำเภอ|จังหวัด)"

_ADDRESSES = (
    # ja
    rf"(?:〒\s?\d{{3}}-?\d{{4}}\s?)?(?:東京都|北海道|(?:京都|大阪)府|[{_HAN}]{{2,3}}県)[{_HAN}{_KANA}]{{1,14}}?[市区町村郡][{_HAN}{_KANA}]{{0,14}}\s?\d[\d\-丁目条東西南北番地号のFf階室]{{0,18}}"
    rf"(?:[ {_HAN}{_KANA}]{{0,20}})",
    r"〒\s?\d{3}-?\d{4}",
    # zh: part(s) and a house, or a road and a house
    rf"{_ZH_PART}{{1,5}}+[{_HAN}A-Za-z0-9\- ]{{0,24}}?{_ZH_HOUSE}{_ZH_REST}",
    rf"{_ZH_ROAD} ?{_ZH_HOUSE}{_ZH_REST}",
    # ko
    rf"(?>[{_HANGUL}]{{1,6}}?(?:특별시|광역시|자치시|도|시))\s?(?>[{_HANGUL}]{{1,6}}?(?:시|군|구)\s?){{1,2}}[{_HANGUL}0-9]{{1,12}}(?:로|길|동|읍|면)\s?\d{{1,5}}(?:-\d{{1,4}})?",
    # th
    rf"(?:\d{{1,5}}(?:/\d{{1,5}})?\s?)?(?:{_TH_PART}\s?[{_THAI}0-9/]{{1,30}}[\s,]{{0,2}}){{2,}}(?:[{_THAI}]{{1,30}}\s?)?(?:\d{{5}})?",
    # vi
    rf"(?:(?:số|so)\s)?\d{{1,5}}[a-z]?(?:/\d{{1,4}}){{0,3}},?\s(?:{_VI_PART}\s)?[^\d\n;,]{{2,40}}[\s,\-]{{1,3}}(?:{_VI_PART}\s?[^\n;,]{{1,30}}[\s,\-]{{0,3}}){{1,5}}",
    rf"(?:số|so)\s\d{{1,5}}[a-z]?(?:/\d{{1,4}}){{0,3}}\s{_VI_PART}\s[^\n;]{{1,60}}",
    # id
    rf"(?:Jl|Jln|Jalan|Gg|Gang|Komp(?:lek)?|Perum(?:ahan)?)\.?\s(?:{_WORD}\s?){{1,5}}(?:,?\s?(?:No|Nomor|Blok)\.?\s?[A-Z]?\d{{1,4}}\w?)(?:[ ,]{{1,2}}(?:RT|RW|Kel|Kec|Kab|Desa|Kota)\.?[ /]?[\w/ ]{{1,24}}){{0,6}}",
    r"RT\.?\s?\d{1,3}\s?/?\s?RW\.?\s?\d{1,3}",
    # en
    rf"\d{{1,5}}[A-Za-z]?,? (?:{_WORD} ){{1,3}}{_EN_STREET}(?![{_LOWER}])(?=\s*(?:[,.;#]|Apt|Unit|Suite|$)){_EN_REST}",
    rf"\d{{1,5}}[A-Za-z]? (?:{_WORD} ){{1,3}}(?:Drive|Court|Way|Place|Square|Close), {_WORD}(?: {_WORD})?{_EN_REST}",
    r"P\.? ?O\.? ?Box \d{1,6}",
    # de, nl
    rf"{_WORD}(?:straße|strasse|str\.|gasse|allee|platz|damm|straat|gracht|laan|plein|weg) (?!20\d\d)\d{{1,4}} ?[a-h]?(?!\w)(?:, \d{{4,5}}(?: [A-Z]{{2}})? {_WORD})?",
    rf"(?:Am|An der|Im|In der|Auf der|Zum|Zur) {_WORD} \d{{1,4}}[a-h]?, \d{{5}} {_WORD}",
    # es, pt, it, fr
    rf"(?:Calle|C/|Avenida|Av\.|Avda\.|Paseo|Plaza|Rua|Travessa|Via|Viale|Corso|Piazza) ?(?:d[aeo]s? |de (?:la|las|los) |della? )?{_WORD}(?: {_WORD}){{0,4}},? (?:n[ºo°.]{{1,2}} ?)?(?!20\d\d)\d{{1,5}}(?!\w)(?:, (?:\d{{4,5}} )?{_WORD}(?: {_WORD})?)?",
    rf"\d{{1,4}}(?: ?bis| ?ter)?,? (?:rue|avenue|boulevard|chemin|impasse|allée|place) (?:d[eu]s? |de la |de l['’])?{_WORD}(?: {_WORD}){{0,3}}(?:, \d{{5}} {_WORD})?",
    # pl, ru, tr
    rf"(?:ul|al|os)\. {_WORD}(?: {_WORD}){{0,2}} \d{{1,4}}(?:/\d{{1,4}})?(?:, \d{{2}}-\d{{3}} {_WORD})?",
    r"(?:ул|пр|просп|пер|бул)\.\s?[А-ЯЁ][А-Яа-яё \-]{2,30},?\s(?:д(?:ом)?\.?\s?)?\d{1,4}(?:,?\s(?:кв|корп|стр)\.?\s?\d{1,4}){0,3}",
    r"[\wÇĞİÖŞÜçğıöşü ]{2,30} (?:Mah|Mahallesi)\.?[ ,]{1,2}[\wÇĞİÖŞÜçğıöşü .]{2,40} (?:Sok|Sokak|Sokağı|Cad|Caddesi)\.?[ ,]{1,2}No[:.]? ?\d{1,4}",
    rf"{_WORD}(?: {_WORD}){{0,3}} (?:Sok(?:ak|ağı)?|Cad(?:desi)?|Bulv(?:arı)?)\.?[ ,]{{1,2}}No[:.]? ?\d{{1,4}}(?:[/ ,]{{1,2}}{_WORD}){{0,2}}",
)
#: without capitals: Arabic and Persian, whose words for a street come before its name
_ARABIC_STREET = "شارع|طريق|ميدان|جادة|حارة|زقاق|خیابان|کوچه|بلوار|میدان"
_ARABIC_HOUSE = "رقم|مبنى|عمارة|بناية|شقة|پلاک|واحد"
_ARABIC_ADDRESS = re.compile(
    rf"(?:\d{{1,5}}\s(?:{_ARABIC_STREET})\s[{_ARABIC} ]{{2,40}}|"
    rf"(?:{_ARABIC_STREET})\s[{_ARABIC} ]{{2,40}}?[\s،,]{{0,3}}(?:(?:{_ARABIC_HOUSE})\s?)?\d{{1,5}}(?![\d%])"
    rf"(?:[\s،,]{{1,3}}[{_ARABIC}]{{2,20}}){{0,3}})"
)
#: one pattern for each script, so that a text is searched for those whose letters it has
_CJK = re.compile("|".join(_ADDRESSES[:5]))
_THAI_ADDRESS = re.compile(_ADDRESSES[5])
_DIGIT, _THAI_SIGN = re.compile("[0-9]"), re.compile(f"[{_THAI}]")
_ARABIC_WORD = re.compile(_ARABIC_STREET)
_VIETNAMESE = re.compile("|".join(_ADDRESSES[6:8]), re.IGNORECASE)
_LATIN = re.compile(rf"(?<![\w])(?:{'|'.join(_ADDRESSES[8:])})")
#: words without which none of them is looked for
_CJK_WORD = re.compile("[路街巷弄道号號室栋幢棟楼樓座丁目番地〒府県市区町村로길동읍면]")
_VI_WORDS = ("đường", "phố", "ngõ", "hẻm", "thôn", "phường", "quận", "huyện", "duong", "phuong", "hcm")
_LATIN_TEXT = """Cad Sok Bulv Street St Ave Road Rd Boulevard Blvd Lane Ln Terrace Crescent Parkway Pkwy Highway Hwy Drive Court Way Place Square Close
    Box Jl Jalan Gg Gang Komp Perum RT straße strasse str. gasse allee platz damm straat gracht laan plein weg Am An Im In Auf Zu Calle C/
    Av Paseo Plaza Rua Travessa Via Corso Piazza rue avenue boulevard chemin impasse allée place ul. al. os. ул. пр. просп. пер. бул. Mah"""
_LATIN_WORDS = tuple(_LATIN_TEXT.split())

_LABELS_TEXT = (
    "姓名 名字 收件人 收货人 收貨人 联系人 聯絡人 寄件人 收件人姓名 收货人姓名 买家 买家姓名 客户姓名 地址 收货地址 收件地址 详细地址 住址 微信 微信号 旺旺 旺旺号 支付宝 密码 "
    "お名前 氏名 受取人 宛名 住所 お届け先 配送先 注文者 이름 성명 수령인 받는사람 받는분 주소 배송지 주문자 ชื่อ ชื่อผู้รับ ผู้รับ ที่อยู่ ผู้ซื้อ "
    "recipient receiver consignee addressee ship-to deliver-to bill-to buyer-name customer-name full-name first-name last-name address street "
    "password passwd pwd username user-name wechat wechat-id line-id telegram "
    "người-nhận người-mua họ-tên họ-và-tên địa-chỉ tên-người-nhận penerima nama-penerima nama-lengkap alamat pembeli "
    "destinatario destinatário nombre-completo dirección direccion endereço endereco empfänger empfaenger anschrift adresse destinataire prénom "
    "indirizzo получатель адрес фио alıcı alıcı-adı ad-soyad adres "
    "المستلم اسم-المستلم المستلمة المرسل-إليه الاسم الاسم-الكامل العنوان عنوان-الشحن عنوان-التوصيل گیرنده نام-گیرنده آدرس"
)
_LABELS = _LABELS_TEXT.split()
#: of names alone, too common in other texts to say anything but in front, before what is written like a name
_NAMES = "name|nombre|nome|nama|nom|имя|isim|naam|attn"


def _words(labels: list[str]) -> str:
    return "|".join(
        re.escape(one.lower()).replace("\\-", "[ _\\-]?") for one in sorted(labels, key=len, reverse=True)
    )


#: what a label names; for texts in small letters
LABELLED = re.compile(
    rf"(?<![^\W\d_])(?:{_words(_LABELS)})[\"']?\s?[:=]\s?[\"']?([^\s:=;|\"'\n\[][^;|\"'\n\[]{{0,120}})"
)
LABELLED_NAME = re.compile(
    rf"(?:^|(?<=[\n;,|(/]))\s{{0,2}}(?i:{_NAMES})\s?[:=]\s?({_NAME_WORD}(?:[ +]{_NAME_WORD}){{1,4}}|[{_HAN}]{{2,4}}(?![{_HAN}]))"
)


def address_spans(seen: str) -> list[tuple[int, int]]:
    """Where postal addresses are in ``seen``, in order and apart from each other."""
    if not _DIGIT.search(seen):
        return []
    patterns = []
    if not seen.isascii():
        patterns += [_CJK] * (_CJK_WORD.search(seen) is not None)
        patterns += [_THAI_ADDRESS] * (_THAI_SIGN.search(seen) is not None)
        patterns += [_ARABIC_ADDRESS] * (_ARABIC_WORD.search(seen) is not None)
    if " " in seen:
        small = seen.lower()
        patterns += [_VIETNAMESE] * any(word in small for word in _VI_WORDS)
        patterns += [_LATIN] * (small != seen and any(word in seen for word in _LATIN_WORDS))
    if not patterns:
        return []
    spans = sorted(match.span() for pattern in patterns for match in pattern.finditer(seen))
    apart: list[tuple[int, int]] = []
    for begins, ends in spans:
        if apart and begins < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(ends, apart[-1][1]))
        else:
            apart.append((begins, ends))
    return apart
