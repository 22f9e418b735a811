"""What a column of an unknown platform's report probably counts, and which columns say of what: by the words of its header.

Shares, averages, ranks and figures of an earlier period are never taken; of several columns of one measure the plainest is, and if
there is none, none is. A word that may be a count or an amount ("Sales") is money only where the column shows that it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from streams.sources.files.exports.cells import Cell, header_currency, is_blank, text_of
from streams.sources.files.exports.column_evidence import can_hold
from streams.sources.files.exports.dates import parts_of
from streams.sources.files.exports.figure_shapes import are_days, are_figures, are_moments, shows_money
from streams.sources.files.exports.header_patterns import one_of, plain_words
from streams.sources.files.exports.order_words import CURRENCY, DELIVERED, SHIPPED, TIME

#: measures that may be the same figure of an order, of which one stage's is taken
Found = dict[str, int]
_LONGEST = 90
_NOT_COUNTED = one_of(
    r"last (?:year|month|week|\d)|前年|pending|to ship|store visits|offline|cross device|invalid|phone|viewed|checked out|purchaser|人均|calon|shipping|rate|ratio|trên mỗi|mỗi\b|pro\b|je\b|por (?:result|clic|compra|conver)|par (?:résult|clic|achat|conver)|за (?:результ|клик|конверс)|ต่อ|ctr\b|cvr\b|cpc\b|cpm\b|cpa\b|cpv\b|roas|roi\b|acos|tacos|aov\b|avg|average|share|change|previous|prev\b|prior|compar|benchmark|rank|position|score|rating|quality|budget|bid\b|target|goal|lost|index|days?(?= of)|duration|length|time spent|frequency|per\b|each\b|view through|3s\b|6s\b|25|50|75|100|bounce|exit|abandon|remov|uncart|potential|estimat|forecast|remaining|left\b|available|inventory|stock|on hand|in transit|price|weight|follow|likes?\b|shares?\b|comments?\b|saves?\b|video|reel|story|tasa|taxa|promedio|porcentaje|porcentagem|percentual|média\b|medio\b|media\b|taux|moyen|durchschnitt|quote\b|anteil|rasio|rata|persentase|tingkat|tỷ lệ|tỉ lệ|trung bình|współczynnik|średni|udział|tasso|percentuale|конверси(?!и$)|доля|средн|дрр|позици|рейтинг|остат|предыдущ|прошл|динамик|отложен|выкуп|率|占比|比例|平均|均价|单价|客单|环比|同比|上期|排名|变化|时长|停留|跳失|出价|预算|库存|投入产出|产出比|价值|视频|播放|点赞|评论|分享|退货|直播间|比率|あたり|順位|離脱|滞在|前年|前月|在庫|率|율|률|평균|순위|전월|전년|재고|점유|อัตรา|เฉลี่ย|成本|千次|千回|net\b|netto|neto|líquid|tax\b|taxes|vat\b|iva\b|steuer|impuesto|imposto|税|ндс|налог|세금|부가세|thuế|pajak|discount|rabatt|descuento|优惠|折扣|할인|割引"
)
#: a part of the figure: where it was shown, on what, who paid for it
_PART = one_of(
    r"search(?! term| query| impr)|organic|promoted|sponsored|top\b|slots?\b|mobile|apps?\b|browser|desktop|non\b|paid (?:traffic|impr|clicks|views)|free|feed|recommend|home ?page|b2b|live\b|shop tab|поиск|каталог|реклам|спонсор|搜索|推荐|自然|付费|推广(?!计划)|首页|无线|移动端|pc端?|app端?|电脑端|手机端|直播|短视频|商品卡|검색|추천|모바일|検索|おすすめ|スマートフォン|アプリ"
)
#: that taxes are in a figure makes it no tax
_WITH_TAX = re.compile(
    r"\bс (?:учётом |учетом )?ндс|\b(?:incl|including|with|inc)\w* (?:vat|tax(?:es)?|gst|iva)|\b(?:inkl|einschl)\w* (?:mwst|ust|steuern?)|\b(?:con|iva) (?:iva|incl\w*)|\bttc\b|含税|税込|부가세 ?포함|gồm thuế|termasuk pajak"
)
_PER_CENT = re.compile(r"%|/|=")
_PEOPLE = one_of(
    r"用户数|users?\b|visitors?|people|unique|customers?\b|buyers?|persons?|人数|买家数|客户数|訪客|访客|去重|usuari|usuário|persone|personen|nutzer|utilisateurs|пользовател|человек|уникальн|사용자|이용자|순|ユーザー|ユニーク|人|người|pengguna|คน"
)
_UNITS = one_of(
    r"units?\b|items?\b|quantity|qty|pieces?|pcs\b|件|sold\b|销量|unidades|artículos|itens\b|einheiten|stück|articles\b|prodotti venduti|unità|товаров|шт\b|수량|판매량|개수|点数|個数|販売数|terjual|sản phẩm bán|ชิ้น|sztuk|ที่ขาย|ขายได้"
)
_MONEY = one_of(
    r"revenue|value|amount|gmv\b|turnover|\w*umsatz|chiffre|importe|valor|montant|betrag|金额|金額|销售额|成交额|收入|营业额|выручк|сумм|매출|금액|売上|omzet|pendapatan|nilai|doanh (?:thu|số)|ยอดขาย|มูลค่า|przychód|wartość|fatturato|valore|faturamento|価値|コンバージョン値|receita|ingresos|gross|revenu\b|einnahmen|ricavi|доход|수익|収益|penghasilan|penerimaan|opbrengst"
)
#: money or pieces, as the platform likes
_SALES = one_of(r"sales\b|ventas|vendas|ventes|verkäufe|vendite|penjualan|продаж|sprzedaż|판매|販売|销售")
_PAID = one_of(
    r"paid|confirmed|payment|支付|成交|付款|pagad|pago\b|pagos\b|bezahlt|payée|оплачен|결제|dibayar|thanh toán|ชำระ|đã xác nhận|opłac"
)
_PLACED = one_of(r"placed|下单|created|dipesan|đã đặt|оформлен")
_UNDONE = one_of(
    r"refund|return|cancel|reembols|devol|anulad|storn|erstatt|annul|retour|возвра|отмен|退|取消|返品|返金|キャンセル|환불|반품|취소|batal|hủy|hoàn|คืน|ยกเลิก|zwrot|rimbors|resi\b|dibatalkan|pembatalan|dikembalikan|retur\b|annull|отменён"
)
_COSTS = one_of(
    r"spend|spent|costs?\b|expense|花费|消耗|消费|广告费|推广费|投放金额|расход|затрат|gasto|gastado|inversión|custo|investimento|gasto|\w*kosten|\w*ausgaben|ausgegeben|costes?\b|coût|dépens|spesa|speso|costo|wydatki|koszt|비용|광고비|費用|広告費|消化金額|biaya|コスト|chi phí|chi tiêu|ค่าใช้จ่าย|支出|费用(?!率)"
)
#: of some of the buyers, or of what led to it, or not paid in full
_SOME = one_of(
    r"询盘|咨询|意向|潜在|inquir|enquir|contacted|leads?\b|문의|問い合わせ|new\b|first time|repeat|returning|existing|direct|indirect|assisted|related|新客|老客|新买家|老买家|新规|新規|直接|间接|預售|预售|関連|リピート|신규|재구매|baru\b|lama\b|mới\b|nuevos?\b|novos?\b|neue?\b|nouveaux?\b|nuovi\b|новы"
)
_OF_GOODS = one_of(
    r"goods|product|cogs|shipping|unit|成本|采购|freight|运费|handling|commission|conv\b|conversion|click|thousand|result|order|acquisition"
)
_CART = one_of(
    r"add\w* to (?:cart|basket|bag)|cart adds?|(?:to|in) cart|carts?\b|add to carts|basket|atc\b|корзин|carrinho|carrito|panier|warenkorb|carrell|koszyk|加购|购物车|購物車|加入購物|カート|かご|장바구니|keranjang|giỏ hàng|ตะกร้า|รถเข็น|sepet"
)
_CHECKOUT = one_of(
    r"checkouts?\b|check outs?|结账|结算页|begin checkout|checkout iniciad|finaliza|kasse|checkout raggiun|подтверждение заказа|결제 시작"
)
_WISHES = one_of(r"wish ?lists?|favou?rit|收藏|お気に入り|찜|favoritos|merkliste|избранн|yêu thích|favorit")
_REACH = one_of(
    r"reach\b|覆盖|触达|alcance|couverture|reichweite|охват|도달|リーチ|jangkauan|zasięg|copertura|tiếp cận"
)
_SHOWN = one_of(
    r"impressions?|displays?\b|impr\b|曝光|展现|展示|показ|impresiones|impressões|\w*impressionen|impressioni|wyświetle|tayangan|iklan dilihat|lượt hiển thị|การแสดงผล|การมองเห็น|노출|表示回数|インプレッション|インプ|gösterim"
)
_CLICKS = one_of(
    r"clicks?\b|swipe ?ups?\b|swipes\b|taps\b|点击|點擊|klik|\w*klicks?|clics?\b|cliques?\b|клик|클릭|クリック|kliknię|คลิก|lượt nhấp|nhấp|tıklama|diklik"
)
_LINK = one_of(r"link|outbound|链接|enlace|lien|ссылк|링크|リンク")
_PAGES = one_of(
    r"page ?views?|pageviews?|浏览量|浏览次数|浏览数|瀏覽|pv\b|页面浏览|просмотр|páginas vistas|visualizaç|visualizacion|vistas\b|seitenaufrufe|\w*aufrufe|pages vues|vues\b|odsłon|wyświetlenia strony|halaman dilihat|lượt xem|페이지뷰|조회|ページビュー|閲覧|アクセス数|^views?$|glance views|product views?|посещения карточки|переходы в карточку|visualizzazioni|การเข้าชม|페이지 ?수"
)
_SESSIONS = one_of(
    r"sessions?\b|visits?\b|会话|會話|セッション|세션|сесси|sesiones|sessões|\w*sitzungen|визит|sesi\b|phiên|visites\b|visitas\b|\w*besuche\b|wizyt|sessioni|เซสชัน|访问次数|访问量|방문수|방문 횟수|訪問数"
)
_ENGAGED = one_of(r"engaged|互动|interacci|interaktion|エンゲージ|engajad|вовлеч")
_VISITORS = one_of(
    r"visitors?\b|users?\b|访客|訪客|访问人数|uv\b|visiteurs|\w*besucher|nutzer|visitantes|usuarios|usuários|visitatori|utenti|посетител|пользовател|방문자|이용자|사용자|순방문|訪問者|ユーザー|アクセス人数|pengunjung|khách truy cập|lượt truy cập|ผู้เข้าชม|ผู้เยี่ยมชม|użytkowni|odwiedzając|ziyaretçi|utilisateurs|utilizadores|gebruikers|bezoekers"
)
_NEW = one_of(r"new\b|first|新|nuevo|novos?|neue|nouveau|nuovi|новы|신규|baru|mới|ใหม่|nowi")
_ON_PRODUCTS = one_of(r"products?\b|items?\b|商品|产品|宝贝|상품|produk\b|sản phẩm|สินค้า")
_OLD = one_of(
    r"existing|returning|老访客|回访|recurrente|wiederkehr|récurrent|повторн|재방문|리피트|リピート|hiện tại|เดิม|เก่า|lama\b|cũ\b"
)
_BUYERS = one_of(
    r"buyers?\b|customers?\b|买家数|客户数|支付人数|成交人数|购买人数|成交用户|acheteurs|clients\b|\w*käufer|kunden|compradores|clientes\b|acquirenti|clienti|покупател|구매자|고객수|購入者|購入人数|pembeli|khách mua|người mua|ผู้ซื้อ|kupując|klient"
)
_ORDERS = one_of(
    r"orders?\b|订单|訂單|单量|笔数|单数|pedidos?\b|órdenes|commandes?\b|\w*bestellungen|\w*aufträge\b|ordini\b|заказ(?:ы|ов|ано|али)?\b|주문|注文|受注|pesanan|đơn hàng|đơn đã|คำสั่งซื้อ|zamówie|sipariş|購入件数|구매 ?(?:건수|완료)|transactions?\b|transacciones|transações|transaktionen|транзакци|결제 ?(?:수|건)|결제건수"
)
_PURCHASES = one_of(
    r"purchases?\b|complete payment|转化笔|achats|\w*käufe\b|compras\b|покупк|acquisti|購入|구매|pembelian|mua hàng|zakupy|lượt mua"
)
_CONVERSIONS = one_of(
    r"conversions?\b|conv\b|results?\b|转化数|转化量|转化次数|成效|전환|コンバージョン|konversi|lượt chuyển đổi|конверси[ий]\b|conversiones|conversões|konwersj|resultados|ergebnisse|résultats"
)
_NUMBER = one_of(r"ids?\b|number|no\b|name|type|status|state|url|code|编号|号$|名称|类型|状态")
#: how many orders, in a word that has money in it
_CASES = one_of(r"(?:売上|注文|受注|購入)件数")
_ORDER_LINES = one_of(r"order items?\b|order lines?\b|订单行|订单商品种类")
#: pieces, though the word for orders is in it
_COUNTS_GOODS = one_of(r"товаров|шт\b|(?<!文)(?<!注)(?<!単)件|units?\b|items?\b|商品")
_INCOME = one_of(
    r"revenue|revenu\b|ingresos|receita|einnahmen|ricavi|доход|收入|수익|収益|pendapatan|gmv\b|turnover|\w*umsatz|chiffre|销售额|成交额|营业额|выручк|매출|売上|omzet|doanh|ยอดขาย|przychód|fatturato|faturamento|gross"
)
_WHOLE = one_of(r"total|总|總|всего|итого|합계|총|合計|gesamt|tổng")
_IS_ID = one_of(r"ids?\b|编号|number|番号|번호|sku|asin|артикул|货号")
_DAY = re.compile(
    r"^(?:by )?(?:date|day|reporting (?:date|day|starts)|レポート開始日|report date|stat(?:istics?)? date|data date|start date|date start|date range|日期|统计日期|统计时间|數據日期|数据日期|時間|时间|日|日期范围|开始日期|fecha|día|dia|fecha de inicio|data|data de início|datum|tag|startdatum|jour|date de début|tanggal|ngày|วันที่|дата|день|날짜|일자|일별|기준일|기간|날짜별|日付|年月日|対象日|giorno|data di inizio|dzień|tarih|gün|time period|hora|start time|일|день|dato|dátum|den|päivä|التاريخ|تاریخ|تاريخ|ημερομηνία|ημέρα|zi|ziua)$"
)
_UNTIL = re.compile(
    r"^(?:end date|レポート終了日|date end|reporting ends|结束日期|fecha de finalización|fecha de fin|data de término|data final|enddatum|date de fin|tanggal akhir|дата окончания|종료일|終了日|data di fine|end time)$"
)
_DIMENSIONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ad_group", one_of(r"ad ?groups?|ad ?sets?|单元|广告组|推广单元|grupo de an|conjunto de an|anzeigengruppe|groupe d annonces|группа объявлен|광고그룹|광고 그룹|広告グループ|gruppo di annunci|grupa reklam|nhóm quảng cáo|grup iklan")),
    ("campaign", one_of(r"campaigns?|campaña|campanha|campagn[ea]|kampagne|кампани|计划|广告活动|推广计划|广告系列|캠페인|キャンペーン|kampanye|chiến dịch|แคมเปญ|kampania")),
    ("term", one_of(r"search (?:term|query|word)|keywords?|关键词|搜索词|词\b|키워드|검색어|キーワード|palabra clave|palavra chave|suchbegriff|mot clé|ключев|kata kunci|từ khóa|parola chiave")),
    ("ad", one_of(r"^ad (?:name|id)$|^ad$|creative|创意|广告名称|anuncio|anúncio|anzeige\b|annonce|объявлени|소재|広告名|annuncio|nama iklan|quảng cáo")),
    ("product", one_of(r"^(?:product|item|listing|sku|asin|\(?(?:child|parent)\)? asin)(?: ?id| number| name| title)?$|ebay item id|seller sku|sku\b|asin\b|商品id|商品编号|商品编码|商品名称|宝贝id|货号|товар$|артикул|상품 ?(?:id|번호|코드|명)|商品(?:番号|コード|管理番号|名)|produkt\w*nummer|artikelnummer|producto|produto|produk|sản phẩm|สินค้า|referencia|référence")),
    ("device", one_of(r"device|设备|终端|устройств|dispositiv|gerät|appareil|기기|デバイス|perangkat|thiết bị")),
    ("channel", one_of(r"channel|source|medium|渠道|流量来源|canal|kanal|canale|источник|채널|매체|チャネル|流入元|saluran|kênh|traffic type|placement|版位|资源位")),
    ("page", one_of(r"landing page|page path|page title|着陆页|落地页|网页路径|zielseite|página de destino|page de destination")),
    ("audience", one_of(r"^(?:age|gender|age range|年龄|性别|alter|geschlecht|edad|sexo|género|âge|sexe)$")),
    ("hour", re.compile(r"^(?:hour(?: of day)?|小时|时段|시간대|時間帯|stunde|hora del día|heure)$")),
    ("country", one_of(r"country|region|market|国家|地区|страна|país|pays\b|land\b|국가|国\b|negara|quốc gia")),
)  # fmt: skip


#: what a row of a report may be of
PARTS = tuple(name for name, _ in _DIMENSIONS)


def guessed_report(shown: Sequence[str], rows: Sequence[Sequence[Cell]]) -> tuple[Found, Found, Found]:
    """Columns (day, until, currency), measures and dimensions of a report, each with its place."""
    times: Found = {}
    ranked: dict[str, list[tuple[int, int]]] = {}
    parts: dict[str, list[tuple[int, int]]] = {}
    for place, text in enumerate(shown):
        words = plain_words(text, with_brackets=True)
        cells = [row[place] for row in rows if place < len(row) and not is_blank(row[place])]
        bare = plain_words(text)
        if _DAY.match(bare) and are_days(cells):
            times.setdefault("day", place)
        elif _UNTIL.match(bare) and are_days(cells):
            times.setdefault("until", place)
        elif (part := _part_of(bare, words)) is not None and (
            _IS_ID.search(words) or not are_figures(cells, text)
        ):
            parts.setdefault(part[0], []).append((part[1], place))
        elif CURRENCY.search(words) and can_hold("currency", cells):
            times.setdefault("currency", place)
        elif (
            len(words) <= _LONGEST
            and (measure := measure_of_words(text, cells)) is not None
            and are_figures(cells, text)
        ):
            ranked.setdefault(measure[0], []).append((measure[1], place))
    if "day" not in times and not parts.keys() & {"term"}:
        times |= _only_days(
            shown, rows, taken={*times.values(), *(at for one in ranked.values() for _, at in one)}
        )
    return times, _plainest_of(ranked, shown), _first_of(parts)


def _only_days(shown: Sequence[str], rows: Sequence[Sequence[Cell]], taken: set[int]) -> Found:
    """The one column that names another day in each row, whatever it is called."""
    found = []
    for place, text in enumerate(shown):
        cells = [row[place] for row in rows if place < len(row) and not is_blank(row[place])]
        days = [cell for cell in cells if parts_of(cell) is not None]
        if place in taken or len(days) < 2 or not TIME.search(plain_words(text)):
            continue
        if len(days) == len(cells) and len(set(map(text_of, cells))) == len(cells) and not are_moments(cells):
            found.append(place)
    return {"day": found[0]} if len(found) == 1 else {}


def measure_of_words(text: str, cells: Sequence[Cell] = ()) -> tuple[str, int] | None:
    """The measure that a header names, and how far from the plainest word for it; None for none, or for one of two."""
    words = _WITH_TAX.sub(" ", plain_words(text, with_brackets=True))
    words = " ".join(words.split())
    if (
        not words
        or _PER_CENT.search(text.replace("加购/", ""))
        or _NOT_COUNTED.search(words)
        or _NUMBER.search(words)
    ):
        return None
    if _PART.search(words):
        return None
    if _UNDONE.search(words):
        return _undone(words)
    for of_kind in (_of_spending, _of_cart, _of_showing, _of_visiting):
        if (found := of_kind(words)) is not None:
            return found if found[0] else None
    return _of_orders(words, text, cells)


def _undone(words: str) -> tuple[str, int] | None:
    if _MONEY.search(words):
        name = (
            "cancelled_amount"
            if one_of(r"cancel|取消|annul|storn|отмен|キャンセル|취소|batal|hủy").search(words)
            else "refunded_amount"
        )
        return name, 0
    is_refund = one_of(r"refund|退款|reembols|возвра|환불|返金").search(words)
    return ("refunded_units", 0) if is_refund and _UNITS.search(words) else None


def _of_spending(words: str) -> tuple[str, int] | None:
    if not _COSTS.search(words):
        return None
    return ("", 0) if _OF_GOODS.search(words) else ("spend", len(words.split()))


def _of_cart(words: str) -> tuple[str, int] | None:
    if _SESSIONS.search(words) and (_CART.search(words) or _CHECKOUT.search(words)):
        return "", 0
    if _CART.search(words):
        if _MONEY.search(words):
            return "", 0
        if one_of(r"clicks?\b|点击").search(words):
            return "add_to_cart_clicks", 0
        if _PEOPLE.search(words) or one_of(r"买家|客户|访客").search(words):
            return "add_to_cart_users", 0
        return ("add_to_cart_units" if _UNITS.search(words) else "add_to_cart"), 0
    if _CHECKOUT.search(words) and not (_MONEY.search(words) or _ORDERS.search(words)):
        return ("purchases" if _CONVERSIONS.search(words) else "checkouts"), 0
    if _WISHES.search(words):
        return ("wishlist_users" if _PEOPLE.search(words) else "wishlists"), 0
    return None


def _of_showing(words: str) -> tuple[str, int] | None:
    extra = len(words.split())
    if _REACH.search(words):
        return "reach", extra
    if _SHOWN.search(words) and not _CLICKS.search(words):
        return ("unique_impressions" if _PEOPLE.search(words) else "impressions"), extra
    if _CLICKS.search(words):
        if _LINK.search(words):
            return "link_clicks", extra
        return ("unique_clicks" if _PEOPLE.search(words) else "clicks"), extra
    return None


def _of_visiting(words: str) -> tuple[str, int] | None:
    if _VISITORS.search(words) and not _ORDERS.search(words) and not _MONEY.search(words):
        if _NEW.search(words):
            return "new_visitors", 0
        return ("existing_visitors" if _OLD.search(words) else "visitors"), _rank_of_visits(words)
    if _SESSIONS.search(words) and not _MONEY.search(words):
        return ("engaged_sessions" if _ENGAGED.search(words) else "sessions"), _rank_of_visits(words)
    return ("page_views", _rank_of_visits(words)) if _PAGES.search(words) else None


def _rank_of_visits(words: str) -> int:
    """The whole shop's visits are plainer than those of its pages of products."""
    return len(words.split()) + (_ON_PRODUCTS.search(words) is not None)


def _of_orders(words: str, text: str, cells: Sequence[Cell]) -> tuple[str, int] | None:
    if _SOME.search(words):
        return None
    stage = 1 if _PLACED.search(words) else 2 if _PAID.search(words) else 0
    extra = len(words.split())
    if _ORDER_LINES.search(words):
        return "order_items", 0
    if _CASES.search(words):
        return ("paid_orders" if stage == 2 else "orders"), extra
    if _MONEY.search(words) or header_currency(text):
        return _of_money(words, stage)
    if _BUYERS.search(words):
        return "buyers", stage * 10 + extra
    if _ORDERS.search(words) and _PEOPLE.search(words):
        return None  # of the people who ordered, or of the orders
    if _ORDERS.search(words) and not _COUNTS_GOODS.search(words):
        if shows_money(cells):
            return ("revenue", 9) if _WHOLE.search(words) else None
        return ("paid_orders" if stage == 2 else "orders"), extra
    return _of_goods(words, cells, stage)


def _of_money(words: str, stage: int) -> tuple[str, int] | None:
    of_sales = (_ORDERS, _SALES, _PURCHASES, _CONVERSIONS, _INCOME, _PAID, _PLACED)
    if not any(pattern.search(words) for pattern in of_sales):
        return None
    if one_of(r"gross|brutto|bruto").search(words):
        return "gross_revenue", 0
    return "revenue", {0: 0, 1: 2, 2: 1}[stage] * 10 + len(words.split()) - bool(_WHOLE.search(words))


def _of_goods(words: str, cells: Sequence[Cell], stage: int) -> tuple[str, int] | None:
    extra = len(words.split())
    if _UNITS.search(words) and (DELIVERED.search(words) or SHIPPED.search(words)):
        return ("shipped_units", extra) if SHIPPED.search(words) else None
    if _UNITS.search(words) and not _PURCHASES.match(words):
        return "units", stage * 10 + extra
    if _SALES.search(words):
        return ("revenue", extra - bool(_WHOLE.search(words))) if shows_money(cells) else None
    if _PURCHASES.search(words):
        return "purchases", extra
    return ("results", extra) if _CONVERSIONS.search(words) else None


def _part_of(bare: str, words: str) -> tuple[str, int] | None:
    if one_of(
        r"state\b|status|type\b|budget|类型|状态|预算|bid\b|strategy|title|clicks?\b|impr|cost|spend|estado|tipo|labels?\b|数|量$|额$"
    ).search(words):
        return ("product", 9) if bare in ("title", "product title", "item title", "listing title") else None
    for name, pattern in _DIMENSIONS:
        if pattern.search(bare):
            is_id = _IS_ID.search(words) is not None
            return name, int(is_id) if name in ("campaign", "ad_group", "ad") else int(not is_id)
    return None


def is_period(text: str) -> bool:
    """Whether a header names the day, or the time until which, a row of a report is of."""
    words = plain_words(text)
    return _DAY.match(words) is not None or _UNTIL.match(words) is not None


def _plainest_of(ranked: dict[str, list[tuple[int, int]]], shown: Sequence[str]) -> Found:
    """Of the columns of one measure the one with the fewest words; none where two have as few."""
    found = {}
    for measure, places in ranked.items():
        best = min(rank for rank, _ in places)
        alike = [place for rank, place in places if rank == best]
        if len(alike) == 1:
            found[measure] = alike[0]
            continue
        names = sorted(((plain_words(shown[place]), place) for place in alike), key=lambda one: len(one[0]))
        shortest, place = names[0]
        if all(shortest in other and shortest != other for other, _ in names[1:]):
            found[measure] = place
    return found


def _first_of(parts: dict[str, list[tuple[int, int]]]) -> Found:
    return {name: min(places)[1] for name, places in parts.items()}
