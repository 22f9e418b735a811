"""The words by which headers of orders say what a column holds, in the languages that platforms export in; header_words reads them."""

from __future__ import annotations

import re

from streams.sources.files.exports.header_patterns import one_of
from streams.sources.files.exports.layout import FieldOfExport
from streams.sources.files.exports.more_languages import also, also_whole

ORDER = one_of(
    r"order|venda\b|po(?=[ #])|sale(?= (?:id|no|number|#))|transaksi|auftrag|pedido|orden\b|venta|commande|bestel|ordine|pesanan|đơn hàng|заказ|zamówieni|sipariş|订单|訂單|交易|注文|受注|주문|오더|การสั่งซื้อ|คำสั่งซื้อ"
    + also("order")
)
NUMBER = one_of(
    r"ids?\b|number|code\b|código|codigo|kod\b|kodu\b|nro\b|no\b|nr\b|num\b|número|numero|\w*nummer|numéro|mã|nomor|номер|numer|numara|ref\b|#|n°|reference|référence|referencia|referência|riferimento|号|號|编号|番号|번호|หมายเลข|เลขที่|n o\b|n\.º"
    + also("number")
)
TIME = one_of(
    r"date|time|at\b|on\b|le\b|em\b|el\b|il\b|am\b|op\b|fecha|data\b|hora|\w*datum|\w*zeit\b|ngày|thời gian|tanggal|waktu|tempo|dnia|дата|время|tarih|时间|時間|日期|日時|日|일|วันที่|เวลา|ts\b|stamp|tarikh"
    + also("time")
)
PAID = one_of(
    r"paid|pay|financ|pago|pagamento|pagad|zahl|bezahl|paiement|règlement|payé|payé|thanh toán|pembayaran|dibayar|bayar|opłac|betaal|опла|płatno|zapłac|betaal|betaling|ödeme|付款|支付|入金|支払|決済|결제|입금|ชำระ|bayaran"
    + also("paid")
)
SHIPPED = one_of(
    r"ship|dispatch|fulfil|envío|envio|enviad|en camino|despach|versand|versendet|verzend|verzonden|kargo|expédi|spedi|pengiriman|dikirim|отправ|отгруз|передачи в доставку|wysył|kargoya|发货|發貨|出库|出貨|出货|出貨|発送|出荷|출고|발송|배송시작|배송일|gửi hàng|xuất kho|kirim|ส่งสินค้า|จัดส่ง|verschick|sent\b|a caminho|履约|履行|送货|送貨|交运|揽收|wysłan|inviat|verstuurd|despacho|expedid|penghantaran|dihantar|despatch"
    + also("shipped")
)
DELIVERED = one_of(
    r"delivered|confirmed delivery|(?<!kargoya )teslim|dostarcz|bezorgd|geleverd|geliefert|afgeleverd|вручен|entregad|entregue|zugestellt|zustell|livré|consegnat|diterima|đã giao|giao hàng thành công|giao thành công|доставлен|签收|確認收貨|确认收货|送达|送達|到货|配達日|妥投|配達完了|配送完了|배송완료|배송 완료|livrais|zugest|recebid|received|收货|收貨|受取|수령|ได้รับ|đã nhận|odebran"
    + also("delivered")
)
CANCELLED = one_of(
    r"cancel|anula|annul|geannul|storn|dibatalkan|pembatalan|hủy|huỷ|отмен|anulo|iptal|取消|キャンセル|취소|ยกเลิก"
    + also("cancelled")
)
COMPLETED = one_of(
    r"complet|finish|selesai|hoàn thành|завершен|完成|(?<!拼单)成功|구매확정|구매결정|สำเร็จ"
    + also("completed")
)
PLACED = one_of(
    r"order|creat|purchas|sale\b|sold|submit|pedido|orden\b|compra|venta|venda|creación|criação|création|commande|achat|bestel|kauf|verkauf|added|ordine|acquisto|créé|commandé|utworz|złoż|auftrag|transaksi|受注|po\b|pesan|pemesanan|đặt hàng|tạo đơn|заказ|создан|zamówi|sipariş|принят в обработку|принят|拼单成功|成团|下单|下單|订购|提交|创建|建立|成交|售出|订单|訂單|注文|주문|สั่งซื้อ|สร้าง|gekauft|оформл|bestilling|ordre|beställ"
    + also("placed")
)
STATE = one_of(
    r"\w*status|state\b|estado|situa|statut|état\b|etat\b|stato|trạng thái|статус|durum|statü|状态|狀態|ステータス|状況|状態|상태|สถานะ|trạng thái|stanu?\b|状况|phase\b"
    + also("state")
)
METHOD = one_of(
    r"method|type|gateway|forma|medio|mode|moyen|art\b|\w*zahlungsart|\w*zahlungsweise|zahlart|\w*methode|metod|método|méthode|phương thức|способ|метод|meio|weise|тип\b|渠道|system name|sposób|hình thức|yöntem|ช่องทาง|方式|方法|수단|방법|วิธี|kaedah|tipi|türü|şekli"
    + also("method")
)
QUANTITY = one_of(
    r"quantity|qty|total barang|jumlah barang|판매 ?개수|販売個数|units?\b|unidades|num items|number of items|items count|cantidad|quantidade|quantité|qté|qtà|nb articles|liczba produkt|stück\b|menge|anzahl|stückzahl|кол во|aantal|quantità|số lượng|jumlah|kuantitas|количеств|ilość|sztuk|adet|miktar|数量|數量|件数|個数|数\b|수량|구매수|จำนวน(?!เงิน)|articles vendus|articulos|artículos|pcs\b|pieces|jml\b|sl\b|จำนวนสินค้า|счёт|шт\b|prodotti|件数|구매수량|주문수량|kuantiti|qtd|liczba zamówion|qte\b|antal|mängd"
    + also("quantity")
)
SUM = one_of(
    r"order total|order price|order sum|grand total|final amount|wartość zamówienia|wartość całkowita|montant ttc|tổng số tiền|total price|total amount|order amount|order value|amount paid|total$|^total|ordertotal|^summe$|gesamt|rechnungsbetrag|bruttobetrag|bestellsumme|auftragssumme|totaal|montant total|montant de la commande|total global|total bayar|łączna kwota|сумма\b|tổng giá trị|請求金額|จำนวนเงินทั้งหมด|valor total|importe total|totale|tổng tiền|khách (?:phải|cần) trả|tổng cộng|tổng thanh toán|total pembayaran|total harga|total penjualan|итого|сумма отправления|сумма заказа|стоимость заказа|razem|kwota całkowita|kwota zamówienia|suma\b|toplam|faturalanacak|tutar\b|实付|实收|实际支付|应收金额|应付|订单金额|訂單金額|订单总|訂單總|总金额|總金額|合計|総額|決済金額|支払金額|支払総額|net sales$|결제액|결제금액|총액|주문금액|ยอดรวม|jumlah harga|jumlah keseluruhan|jumlah pesanan|jumlah bayaran|订单总价|订单应付|總計"
    + also("sum")
)
CURRENCY = one_of(
    r"currency|moneda|moeda|währung|devise|valuta|mata uang|tiền tệ|валют|waluta|para birimi|币种|货币|貨幣|幣值|币值|幣別|幣種|通貨|통화|สกุลเงิน"
    + also("currency")
)
COUNTRY = one_of(
    r"country|país|pais\b|pays\b|\w*land\b|lieferland|versandland|bestimmungsland|paese|nazione|negara|quốc gia|страна|kraj|ülke|国家|國家|国$|국가|ประเทศ|land\b|страны|destination country|收货国|配送先国|국가코드"
    + also("country")
)
REFUND = one_of(
    r"refund|reembols|remboursé|remboursement|\w*erstatt|rimbors|hoàn tiền|возврат|iade|退款|返金|환불|คืนเงิน"
    + also("refund")
)
PRODUCT = re.compile(
    r"^(?:(?:seller|supplier|vendor|merchant|partner|product|item|offer|lineitem|line item|nomor|kode|código|codigo|custom|variant|satıcı|商品|商家|เลขอ้างอิง) ?)?(?:m?sku|stok kodu)(?: (?:id|code|number|reference no|vendedor|del vendedor|vendeur|fornitore|oferty))?$|^id sku$|^custom label$|^sku ?货号$|^(?:ваш|мой) sku$|^référence vendeur$|^vendor sku$|^(?:卖家|平台|库存|本地) ?sku$|^bestandseinheit$|^商家编码(?: \S+)?$|^판매자 ?상품코드$|^артикул(?: поставщика| продавца| wb)?$|^ebay item id$|^item id$|^id offer$|^offer (?:external )?id$|^(?:\w+ )?ürün kodu$|^(?:product id|product code|product number|item number|商品id|商品编码|商品代码|货品编码|货品编号|商品編號|商家编码|货号|商品貨號|商品管理番号|artikelnummer|artikelnr|artikel nr|артикул(?: продавца)?|код товара|code article|code produit|código do produto|código del producto|商品番号|商品コード|mã sản phẩm|kod produktu|referencia|referencia del producto|référence (?:du )?produit|codice prodotto|kod produktu|업체상품코드|상품번호|상품코드|판매자 상품코드|รหัสสินค้า)$"
)
LINE = one_of(
    r"order item|order unit|order position|positions?(?= (?:id|nr|nummer))|line item|item no\b|bestellposition|auftragsposition|line\b|sub order|suborder|kalem|子订单|子訂單|订单行|行项目|明細|상품주문|รายการ"
)

#: a time, amount or state that is not the one of the event
EXPECTED = one_of(
    r"by\b|after\b|request|est\b|promis|latest|last\b|estimat|expect|schedul|deadline|límite|limite|ต้อง|due\b|max\b|min\b|sla\b|prevista|previsto|estimad|prévu|voraussicht|spätest|dự kiến|perkiraan|batas|承诺|termin|son\b|план|крайн|термин|uiterste|verwacht|przewidyw|마감|기한|期日|締切|vencimiento|vencimento|plazo|prazo|échéance|scadenza|fällig|frist|tahmini|planlanan|planowan|预计|預計|最晚|最迟|截止|期限|指示|予定|希望|指定|예정|희망|bis\b|до\b|até\b|hingga|trước\b|entro|avant|przed|objetivo|target|estimado|預定|まで|까지|ภายใน"
    + also("expected")
)
AFTERWARDS = one_of(
    r"return|rto\b|invoice|refund|update|closed|after ?sale|cancel|reembols|devol|retour|退|售后|返|換|换|반품|교환|stock|库存|review|print|打印|invoice|发票|tax|label|cod\b|settle|结算|정산|精算|payout|liquida|refus|comment|feedback|dispute|纠纷|打单|同步|sync|download|claim|reclam"
)
NOT_THE_SUM = one_of(
    r"average|avg\b|orders\b|(?:paid )?to (?:seller|vendor|merchant)|peso\b|berat|poids|gewicht|waga|вес\b|重量|体积|น้ำหนัก|무게|trọng lượng|平均|qtd|quantidade|cantidad|quantit[éà]|menge|anzahl|ilość|кол во|количеств|adet|miktar|stück|unidades|ship|tax|discount|fee|mrp|sku|invoice|untaxed|line|cart|refund|net\b|sub|base|cost|deliver|freight|coupon|adjust|commission|item|product|quantity|qty|count|unit|frete|envío|envio|impuesto|taxa|versand|steuer|rabatt|livraison|remise|giảm|phí|ongkos|diskon|ex tax|运费|邮费|优惠|折扣|税|佣金|服务费|退|送料|手数料|배송비|할인|商品|产品|数|товар|скид|достав|points|积分|ポイント|포인트|balance|余额|tip\b|gift|weight|net\b|netto|fees|charge|saving|settle|结算|정산|佣|insur|credit|voucher|wallet|前|税抜|exkl|excl|sin iva|sem imposto|hors taxe|ht\b|loyalty|收入|profit|margin|利润|毛利|成本|produits?\b|productos?\b|produtos?\b|artículos|tiền hàng|hàng hóa|articles\b|artikel|barang|produk|sản phẩm|สินค้า|상품|ürün|prix unitaire|unitario|unitário|handling|prime|estimat|预估|штраф|комисс|удерж|хранен|логист|перечисл|выплат|yuran|caj"
    + also("not_the_sum")
)
NOT_THE_COUNT = one_of(
    r"min\b|max\b|minimum|maximum|measure|on hand|номер|дата|refund|return|cancel|ship|update|detail|charge|cost|fee|value|mrp|available|stock|total shipped|种类|退|库存|type|weight|price|harga|amount|total pembayaran|취소|환불|반품|キャンセル|取消|返品|storn|annul|anul|отмен|возвр|devol|reembols|batal|hủy|hoàn|shipped|交货|delivered|発送|인치|回数|distinct|种类|种数|order quantity|pack|box|carton|箱|orders\b|积分|points|inventory|库存|在庫|재고|остат|estoque|kurs|days?\b"
)
NOT_THE_COUNTRY = one_of(
    r"channel|bill|payment|code\b|origin|warehouse|tax|rechnung|factura|store|of origin|seller|manufact|return|phone|import|产地|发货地|发件|원산지|warenursprung|origen|origem|ressort"
)
NOT_THE_STATE = one_of(
    r"changed|history|by\b|descri|item|line|sub|サブ|商品|destin|cidade|ciudad|factura|tax|stock|buyer|customer|ship to|shipping to|recipient|billing|bill to|staat|provinc|invoice|label|marking|inventory|库存|listing|return|refund|售后|退|review|print|打印|发票|开票|marca|feedback|sync|同步|approval|审批|fraud|risk|promo|gift|warranty|保修|email|subscri"
)
#: a method of paying that is a part of another one: which card, how often
OF_CARD = one_of(r"クレジット|credit|card|回数|installment|cuotas|parcela|taksit")
BARE_PAYMENT = frozenset(
    [
        "paiement",
        "payment",
        "pago",
        "pagamento",
        "zahlung",
        "betaling",
        "płatność",
        "оплата",
        "ödeme",
        "支付",
        "付款",
        "支払",
        "支払方法",
        "支払い方法",
        "결제",
    ]
)
OF_PRODUCT = one_of(r"item|product|line|товар|商品")
#: the time of day alone, in languages that have a word for it
CLOCK = one_of(r"(?<=order )time\b|(?<=sale )time\b|waktu|hora\b|heure|uhrzeit|saat|godzina|注文時間")
#: an order that was confirmed or approved was placed before
CONFIRMED = one_of(r"confirm|approv|确认|確認|確定|確認|aprob|aprov|подтвержд|accept|受付|접수")
IS_PLACED = one_of(r"принят в обработку|bestelleingang|auftragseingang")
#: of another thing, or in somebody else's books
OTHER_NUMBER = one_of(
    r"warehouse|supplier|exchange|replacement|bundle|related|number of|count|電話|郵便|전화|电话|邮编|仓库|item|line|customer|merchant|seller|shop|channel|external|parent|original|원주문|商品|商家|묶음|track|delivery|invoice|product|sku|postal|zip|discount|coupon|country|currency|付款|支付|商户|退款|售后|物流|快递|payment|refund|return|receipt|tax\b|hsn|phone|tel\b|cpf|nip\b|facture|paragon|faktur|fiscal"
)
BARE_NUMBER = frozenset(
    [
        "id",
        "reference",
        "référence",
        "referencia",
        "referência",
        "riferimento",
        "number",
        "numéro",
        "número",
        "nummer",
        "numer",
        "numero",
        "номер",
        "№",
        "no",
        "nr",
        "番号",
        "編號",
        "编号",
    ]
)
INVOICE = one_of(
    r"invoice|faktur|fatura|receipt|quittung|beleg|recibo|reçu|scontrino|paragon|hóa đơn|영수증|レシート|伝票|小票"
)
#: a word for the deal, where there is none for the order
DEAL = one_of(
    r"purchase|achat|compra|acquisto|kauf|transaction|transacción|transação|売上|オーダー|trade|deal\b"
)
#: what a header with a time may be the time of; the first that fits
EVENTS: tuple[tuple[FieldOfExport, re.Pattern[str]], ...] = (
    ("cancelled", CANCELLED),
    ("delivered", DELIVERED),
    ("paid", PAID),
    ("shipped", SHIPPED),
    ("completed", COMPLETED),
)
ADDRESS = one_of(r"city|zip|street|address|postcode|postal|country|buyer")
TIMES = frozenset({"placed", *(field for field, _ in EVENTS)})
DIGIT = re.compile(r"\d")
LONG_NUMBER = re.compile(r"\d{5}")
#: share of a column's cells that must be what its header says
MOST = 0.8
IS_SUM = one_of(
    r"total|amount|\w*summe|importe|importo|montant|金额|金額|合計|総額|tutar|kwota|금액|сумма"
    + also("amount")
)
FEE = one_of(
    r"tarifa de venda|selling fees?|fees?\b|commission|referral fee|marketplace fee|selling fee|cargo por venta|comissão|comisión|provision|komisi|комисси|komisyon|佣金|平台服务费|手数料|수수료"
)
#: a parcel, of which an order may have several
PARCEL = re.compile(
    r"^(?:(?:package|parcel|shipment|posting|consignment) (?:ids?|no|number|code|#)|包裹(?:号|编号|單號)|묶음배송번호|paket (?:no|numarası)|номер отправления|发货号码|mã kiện hàng|荷物id)$"
)
BUYER = one_of(
    r"buyer|customer|client|purchaser|\w*käufer|kunde|comprador|cliente|acheteur|покупат|клиент|买家|買家|顾客|顧客|会员|會員|会員|下单|購入者|注文者|구매자|주문자|고객|pembeli|pelanggan|người mua|khách hàng|ผู้ซื้อ|ลูกค้า|kupując|klient|koper|klant|müşteri|mitglieds|客户"
    + also("buyer")
)
#: what distinguishes one buyer from all others, the best first: a number, a name of an account, an address for mail
BUYER_KEYS = tuple(
    map(
        one_of,
        (
            r"ids?\b|no\b|nr\b|number|\w*nummer|编号|編號|아이디|番号",
            r"user ?name|userid|login|nick|account|alias|handle|昵称|用户名|暱稱|会员名|账号|帐号|帳號|アカウント|usuario|usuário|\w*nutzername|mitgliedsname|pseudo|логин|ник\b|username|đăng nhập|tài khoản|网名|網名|login",
            r"e ?mail|邮箱|電郵|电子邮件|メール|이메일|correo|почта",
        ),
    )
)
NOT_THE_BUYER = one_of(
    r"郵便|電話|住所|都道府県|生年|性別|우편|전화|주소|성별|地址|电话|電話|手机|邮编|郵遞|性别|birth|sex\b|age\b|postcode|pay|paid|credit|phone|tel\b|mobile|address|note|message|comment|留言|备注|備註|tax|vat|nif|cpf|document|street|city|zip|postal|\w*postleit|country|land\b|group|type|选择|物流|应付|实付|支付|amount|服务费|积分|order|订单|訂單|주문번호|注文番号|reference|facebook|company|gender|since|price|cost|收货|姓名|count\b|name$|(?<=mitglieds)$"
)
ITEM_NAME = re.compile(
    r"^(?:(?:(?:order|line|sold) ?)?(?:item|product|listing|offer|lineitem|goods|article)s? (?:name|title|description)|(?:全部)?(?:商品|宝贝|产品|货品|訂單商品)(?:中文|英文)?(?:名称|名稱|标题|標題|名)|商品|(?:选购|订购|购买|所购)(?:商品|宝贝|产品)|등록 ?상품명|상품명|artikelbezeichnung|artikelname|angebotstitel|produktname|produktbezeichnung|artikel|título (?:de la publicación|do anúncio|del producto|do produto)|nombre del (?:producto|artículo)|nome do (?:produto|item)|nama (?:produk|barang)|tên (?:sản phẩm|hàng)|ชื่อสินค้า|название(?: товара)?|наименование(?: товара)?|nazwa (?:produktu|oferty|towaru)|nom (?:du produit|de l article)|libellé(?: (?:du )?produit)?|désignation|nome (?:del )?prodotto|(?:nome|titolo) articolo|ürün adı|productnaam|titel|item|title|titre|titolo|título|titulo|标题|標題|タイトル)$"
)
UNIT_PRICE = re.compile(
    r"^(?:(?:item|unit|lineitem|line item|product|sale|selling|wholesale|list) price|price(?: per unit| each)?|单价|价格|價格|価格|가격|preis|prezzo|商品单价|商品价格|销售单价|商品售价|單價|商品結帳價|京东价|(?:옵션)?판매단가|(?:옵션)?판매가격?|상품가격|단가|単価|商品単価|einzelpreis|verkaufspreis|verkauft für|sold for|stückpreis|precio(?: unitario)?(?: de venta de la publicación)?|preço(?: unitário)?(?: de venda do anúncio)?|prix(?: unitaire)?|harga(?: satuan| jual)?|đơn giá|giá bán|ราคาต่อหน่วย|цена(?: за единицу| за шт|, за шт)?|cena(?: jednostkowa)?|birim fiyatı?|prezzo(?: unitario)?|stukprijs|verkoopprijs|prijs|pris|hinta|fiyatı?|item cost)$"
)
DISCOUNT = re.compile(
    r"^(?:(?:total |order |seller )?discount(?: amount| total)?|discounts|rabatt(?:betrag)?|descuentos?|descontos?|remises?|скидка|折扣(?:金额)?|优惠(?:金额)?|優惠折扣|할인 ?(?:가격|금액)|할인액|値引(?:額|金額)?|割引(?:額|金額)?|diskon|giảm giá|sconto|rabat|indirim)$"
)
SHOP = re.compile(
    r"^(?:(?:store|shop)(?: name)?|(?:所属|归属)?店铺(?:名称|名|账号)?|店铺 站点|店舗名|店舗|쇼핑몰|쇼핑몰명|판매처|nama toko|(?:nome da )?loja|tienda|магазин|boutique|sklep|mağaza)$"
)
#: words that a header is made of that names a product by a code or by its name, or the price of one
SKU = one_of(r"m?skus?\b|sku")
THING = one_of(
    r"products?\b|items?\b|goods\b|listings?\b|offers?\b|articles?\b|merchandise|商品|产品|產品|货品|宝贝|품목|상품|作品|アイテム|artikel|produkte?\b|produits?\b|productos?\b|artículos?\b|publicación|produtos?\b|anúncio|prodott[oi]\b|articolo|produk\b|barang\b|sản phẩm|mặt hàng|hàng\b|สินค้า|товара?\b|продукта?\b|ürün|towar|produktu?\b|ofert[ay]\b|line items?\b|variants?\b|parts?\b"
    + also_whole("product")
)
CODE = one_of(
    r"codes?\b|ids?\b|numbers?\b|no\b|nr\b|#|código|codigo|kode\b|kod\b|kodu\b|nummer|numéro|número|mã\b|nomor|номер|код|编码|编号|代码|编號|編號|号\b|号$|코드|번호|コード|番号|品番|型番|货号|貨號|条码|รหัส|เลขที่|référence|referencia|referência|reference|ref\b"
    + also_whole("number")
)
NAME = one_of(
    r"name\b|titles?\b|description|label\b|名称|名稱|标题|標題|名\b|名$|명$|タイトル|titulo|título|nombre|nome\b|nama\b|tên\b|ชื่อ|название|наименование|nazwa|nom\b|libellé|désignation|titolo|titre|adı\b|naam\b|bezeichnung|titel\b|descrição|descripción"
    + also_whole("name")
)
#: which one of a thing, not the thing
OF_VARIANT = one_of(r"variants?\b|variation|规格|選項|option|オプション|옵션")
PRICE = one_of(
    r"price|价格|单价|售价|單價|售價|価格|単価|단가|판매가|가격|\w*preis|precio|preço|valor\b|prix|harga|giá\b|ราคา|цена|cena|fiyatı?\b|prezzo|prijs"
    + also_whole("price")
)
OF_ONE = one_of(
    r"unit\b|each\b|per\b|selling|sales?\b|sold\b|unitário|unitario|unitaire|einzel|satuan|jual|bán|jednostkowa|birim|销售|판매|販売|ttc\b|iva incl|含税|税込|inkl|brutto"
    + also_whole("unit")
)
BETWEEN = one_of(
    r"of\b|the\b|del?\b|la\b|do\b|da\b|du\b|des\b|di\b|d\b|l\b|der\b|von\b|by\b|ordered|购买|購入|の|的|ของ|ال|của|line\b|main\b"
)
#: what is bought, by one word only
BARE_ITEM = frozenset(
    ["product", "producto", "produto", "produit", "prodotto", "produkt", "articolo", "artículo", "товар", "ürün", "sản phẩm", "produk", "description", "descrição", "descripción", "bezeichnung"]
)  # fmt: skip
#: a code of a product by one word only
BARE_CODE = frozenset(
    ["stock code", "style code", "item code", "part number", "mpn", "品番", "型番", "款号", "货号", "품번"]
)  # fmt: skip
#: a price that is not what was paid for it
OTHER_PRICE = re.compile(r"总价|均价|合计|进价|成本价|原价|吊牌价|市场价|采购价|供货价|零售价|运价")
ANY_PRICE = re.compile(r"^\S{1,3}价$")
#: a sum by one word only
BARE_SUM = frozenset(
    ["amount", "金额", "金額", "betrag", "montant", "importe", "kwota", "금액", "nilai", "belopp", "beløb", "beløp", "مبلغ", "المبلغ", "总价", "總價", "总额", "總額", "总计", "합계"]
)  # fmt: skip
#: who hands a parcel over
CARRIER = one_of(r"carrier|courier|transport|spediteur|快递|物流|택배|перевозчик")
#: what is the shop's own name of a thing, not the platform's
OF_SHOP = one_of(
    r"seller|merchant|vendor|supplier|custom|own\b|offer|独自|自定义|판매처|partner|external|vendedor|vendeur|satıcı|продавца|商家|업체|판매자|販売者|ผู้ขาย|货号|貨號|管理番号"
)
#: how the buyer came: by which campaign and medium, from where, and at which page
CAMPAIGN = re.compile(
    r"utm ?campaign$|^(?:(?:marketing|ad|ads|order|last|first|traffic) ?)?campaign(?: ?name| code)?(?: utm)?$|^(?:utm ?)?(?:活动名称|广告系列|推广计划|推广活动|营销活动)$|^campaña$|^campanha$|^kampagne$|^кампания$|^キャンペーン(?:名|コード)?$|^캠페인$"
)
MEDIUM = re.compile(
    r"utm ?medium$|^(?:(?:marketing|traffic|last|first) ?)?medium(?: utm)?$|^广告媒介$|^流量媒介$"
)
CHANNEL = re.compile(
    r"utm ?source$|^(?:traffic|marketing|last|first) ?source(?: name)?$|^(?:marketing|acquisition|traffic) channel$|^流量来源$|^推广渠道$|^referrer source$|^流入元$|^유입경로$|^유입채널$|^fuente de tráfico$|^origem do tráfego$|^источник перехода$"
)
LANDING = re.compile(
    r"^landing ?(?:page|site|url)(?: url)?$|^(?:utm ?)?落地页(?:链接|地址|url)?$|^landing site ref$|^entry page$|^ランディングページ$"
)
REFERRER = re.compile(
    r"^(?:referr?ing|referr?er|http referr?er) ?(?:site|url|page|domain)?$|^来源(?:网址|页面|链接)$|^リファラ(?:ー)?$|^referente$"
)
#: a sum of one row of the order
OF_LINE = one_of(
    r"items?\b|line|lineitem|product|sku|position|商品|产品|宝贝|상품별|明細|ligne|línea|linha|zeile|товар"
)
LINE_SUM = re.compile(
    r"^(?:item|line|lineitem|line item|product|sku|row) (?:sub ?)?total(?: price)?$|^商品(?:小计|金额)$|^(?:최종 )?상품별 총 주문금액$|^小計$|^小计$|^zeilensumme$|^positionssumme$|^total (?:de la )?ligne$|^subtotal (?:da linha|de línea)$"
)
