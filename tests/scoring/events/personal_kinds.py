"""Personal data as people and platforms write it, each with the part that must not be kept, and things that only look like it.

All of it is invented; numbers are of ranges that are reserved for fiction or were made with their check digits.
"""

from __future__ import annotations

PHONES = (
    # CN
    "13812345671", "138 1234 5671", "138-1234-5671", "+86 138 1234 5671", "+8613812345671", "0086 13812345671", "86-13812345671",
    "(+86)13812345671", "１３８１２３４５６７１", "电话13812345671", "手机：13812345671请回电", "010-62345678", "0755-86123456", "021 6234 5678",
    # VN, ID, TH
    "0912345678", "0912 345 678", "+84 912 345 678", "84912345678", "sđt 0387654321", "081234567890", "0812-3456-7890", "+62 812-3456-7890",
    "6281234567890", "0812345678", "081-234-5678", "+66 81 234 5678", "66812345678", "๐๘๑๒๓๔๕๖๗๘",
    # BR, MX
    "+55 11 98765-4321", "(11) 98765-4321", "11 98765-4321", "5511987654321", "(+55)11987654321", "+52 55 1234 5678", "55 1234 5678", "525512345678",
    # US
    "+1 415 555 2671", "(415) 555-2671", "415-555-2671", "415.555.2671", "1-415-555-2671", "%2B14155552671", "tel 4155552671",
    # EU
    "+49 170 1234567", "0170 1234567", "0171/1234567", "01701234567", "030 12345678", "+33 6 12 34 56 78", "06 12 34 56 78", "0612345678",
    "+34 612 345 678", "612 345 678", "+44 7700 900123", "07700 900123", "07700900123", "+39 312 345 6789", "+48 512-345-678", "0049 170 1234567",
    # JP, KR, IN, PH
    "138 12345671", "1381234 5671", "852 9123 4567", "886-912-345-678", "84-912-345-678", "62-812-3456-7890", "06-12-34-56-78", "98765 43210",
    "8 (912) 345-67-89", "0532 123 45 67", "612 34 56 71", "هاتف 0221234567", "612345678 móvil", "tel%3A%2B14155552671", "٠٥٠١٢٣٤٥٦٧",
    "090-1234-5678", "09012345678", "+81 90-1234-5678", "03-1234-5678", "010-1234-5678", "+82 10-1234-5678", "+91 98765 43210", "09171234567",
)  # fmt: skip
CARDS = (
    "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "5555555555554444", "5555 5555 5555 4444", "2223003122003222",
    "378282246310005", "3782 822463 10005", "6011111111111117", "3530111333300000", "30569309025904", "6200000000000005", "6212341111111111116",
    "card:4111111111111111.", "卡号4111111111111111", "41111111 11111111", "4111 11111111 1111", "(4111)(1111)(1111)(1111)", "4111_1111_1111_1111",
)  # fmt: skip
IDENTITY = (
    "11010519491231002X", "110105194912310 02X".replace(" ", ""), "身份证11010519491231002X", "440524198001010013",
    "529.982.247-25", "CPF 52998224725", "52998224725", "078-05-1120", "12345678Z", "X1234567L", "HEGG560427MVZRRL04", "RSSMRA85T10A562S",
    "AB 12 34 56 C", "1-1017-00230-70-8", "900101-1234567", "GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "FR1420041010050500013M02606",
    "110105 19491231 002X", "H123456789 身份证", "A123456789", "S1234567D", "900101-14-5678", "112-233-445 95", "X-1234567-L", "PESEL 44051401359",
    "Steuer-ID 65929970489", "BSN 111222333", "ИНН 500100732259", "マイナンバー 123456789018", "паспорт 4508 123456", "fr1420041010050500013m02606", "A123456(3)", "AB987654(3)",
    "passport E12345678", "护照 E12345678", "NIK 3174012501900001", "Aadhaar 4987 6543 2109", "CCCD 001090012345", "DNI: 12345678Z",
)  # fmt: skip
MAILS = (
    "zqmail@leaky.example", "zqmail%40leaky.example", "zqmail%2540leaky.example", "zq.mail+tag@leaky.example", "张伟zqmail@leaky.example",
    "zqmail@läky.example", "zqmail＠leaky.example", "mailto:zqmail@leaky.example", "<zqmail@leaky.example>", "zqmail[at]leaky.example",
    "zqmail (at) leaky.example", "zqmail%252540leaky.example", "zqmail&#64;leaky.example", "zqmail&commat;leaky.example", "zqmail\\u0040leaky.example",
    "zqmail at leaky dot example", '"zq mail"@leaky.example', "zqmail@leaky。example", "zqmail@[203.0.113.77]",
)  # fmt: skip
NETWORK = (
    "52.520008,13.404954",
    "at -33.86882, 151.20929",
    "203%2E0%2E113%2E77",
    "203。0。113。77",
    "2001%3Adb8%3A%3A7",
    "203.0.113.77",
    "ip 203.0.113.77.",
    "2001:db8::7",
    "2001:db8:1:2:3:4:5:6",
    "::ffff:203.0.113.77",
)
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15",
    "Dalvik/2.1.0 (Linux; U; Android 13; zqmodel)",
    "okhttp/4.9 (zqmodel build)",
    "Mozilla%2F5.0%20%28Linux%3B%20zqmodel%29",
    "Shop 26.2 (iPhone; iOS 14.4.2; zqmodel)",
)
ADDRESSES = (
    # zh
    "上海市浦东新区世纪大道100号", "广东省深圳市南山区科技园路1号3栋502室", "北京市朝阳区建国路甲92号", "浦东新区张江路88弄3号502室", "香港九龍彌敦道100號",
    "台北市信義區信義路五段7號", "浙江省杭州市西湖区文三路 478 号华星时代广场",
    # en
    "123 Zqmain Street, Springfield, IL 62704", "1600 Zqtheatre Pkwy, Mountain View, CA 94043", "10 Zqdowning Street, London", "221B Zqbaker Street, London",
    "P.O. Box 1234", "742 Zqgreen Terrace, Springfield",
    # th, vi, id
    "99/1 ถนนสุขุมวิท แขวงคลองเตย เขตคลองเตย กรุงเทพ 10110", "12/34 หมู่ 5 ตำบลบางพลี อำเภอบางพลี สมุทรปราการ 10540",
    "12 đường Nguyễn Trãi, phường 5, quận 1, TP.HCM", "Số 45 ngõ 120 Hoàng Quốc Việt, Hà Nội", "số 8 Trần Duy Hưng, phường Trung Hoà, quận Cầu Giấy",
    "Jl. Zqdirman No. 12, RT 03/RW 05", "Jalan Zqtot Subroto No.5 Kel. Kuningan",
    # ja, ko
    "東京都渋谷区神南1丁目19-11", "〒150-0041 東京都渋谷区神南1-19-11", "大阪府大阪市北区梅田3-1-3", "北海道札幌市中央区北5条西2丁目", "서울특별시 강남구 테헤란로 152",
    "경기도 성남시 분당구 판교역로 235",
    # de, es, pt, fr, it, pl, ru, tr, nl
    "Zqstraße 12, 10115 Berlin", "Am Zqmarkt 1, 28195 Bremen", "Calle Zqmayor 5, 28013 Madrid", "Rua das Zqflores 123, São Paulo",
    "12 rue de Zqvoli, 75001 Paris", "Via Zqroma 10, 00184 Roma", "ul. Zqkowska 5, 00-626 Warszawa", "ул. Ленина, д. 12, кв. 5",
    "Zqtürk Mah. Cumhuriyet Cad. No: 12", "Zqtürk Cad. No:5 Kadıköy", "Zqgracht 123",
    # ar, fa
    "شارع التحرير 15، القاهرة", "12 شارع الملك فهد الرياض", "شارع النصر، عمارة ٧ شقة ٣", "خیابان ولیعصر، پلاک 12",
)  # fmt: skip
#: a person's name or address behind the word that says so
BEHIND_LABELS = (
    "收件人：张伟zq", "收货人:李娜zq，手机13812345671", "地址：zq小区", "微信号: wxid_zq12345", "Recipient: Jane Zqdoe", "Ship to: Zqxavier Brown", "Address: Zqlane",
    "password: zqhunter2", "Người nhận: Nguyễn Zqvan", "Địa chỉ: Zqpho", "Penerima: Budi Zqsantoso", "Alamat: Zqrumah", "ผู้รับ: สมชาย zqjai", "ที่อยู่: zqbaan",
    "お名前：山田zq太郎", "住所：zq町", "수령인: 김zq", "Destinatario: Juan Zqperez", "Endereço: Zqrua", "Empfänger: Max Zqmuster", "Destinataire : Marie Zqdupont",
    "Получатель: Zqivan", "المستلم: محمد zq", "Alıcı adı: Zqayşe", "گیرنده: علی zq",
)  # fmt: skip
#: the same, where the word may say other things as well: in words only, and only before what is written like a name
BEHIND_NAMES = ("Name: John Zqsmith", "姓名：王小明", "Nombre: Juan Zqperez", "note; name: Zqanna Müller")
#: what every text field must lose
VALUES = (*PHONES, *CARDS, *IDENTITY, *MAILS, *NETWORK, *AGENTS, *ADDRESSES, *BEHIND_LABELS)

#: numbers that an id or an advertising platform's number may be as well: masked in words, not where an id or a label is one number
LIKE_IDS = (
    "84912345678", "6281234567890", "66812345678", "5511987654321", "525512345678", "52998224725", "12345678Z", "X1234567L",
    "886-912-345-678", "84-912-345-678", "62-812-3456-7890", "A123456789", "S1234567D", "900101-14-5678", "X-1234567-L",
)  # fmt: skip

#: names of attributes and columns under which everything is personal
NAMES = (
    # en
    "phone", "phone_1", "Phone #", "phoneNumber", "PHONE-NUMBER-2", "mobilePhone", "recipient_name", "recipientName", "addressLine", "addressLine1",
    "address_2", "first name", "FirstName", "Full Name", "Billing Name", "Shipping Street", "Billing Address1", "Shipping Zip", "shippingAddr2",
    "customerEmail", "customerName", "buyerFailedDeliveryUserName", "nationalRegistrationNumber", "taxCode", "Buyer Username", "CPF Number",
    "CPF Name", "Recipient", "Street Name", "House Name or Number", "Zipcode", "e-mail", "E-Mail Address", "date_of_birth", "passportNo",
    "id_card_number", "wechat", "user agent", "client_ip", "ip_address", "name_of_recipient", "latitude", "geo_longitude", "lat",
    # zh
    "姓名", "电话", "收货地址", "收件人姓名", "手机号", "联系电话", "收货人", "身份证号", "邮箱", "邮编", "收件人", "买家会员名", "電話", "手機號碼", "收件地址", "昵称", "详细地址",
    # vi, composed and decomposed
    "Tên Người nhận", "Tên người nhận", "Số điện thoại", "Địa chỉ nhận hàng", "Người Mua", "Họ và tên", "SĐT",
    "T\u00ean Ng\u01b0\u01a1\u0300i nh\u00e2\u0323n", "So\u0302\u0301 \u0111ie\u0323\u0302n thoa\u0323i",
    # id
    "Nama Penerima", "No. Telepon", "Alamat Pengiriman", "Nomor HP", "Kode Pos", "Nama Pembeli",
    # pt, es
    "Endereço", "Endereço de entrega", "Nome do destinatário", "Telefone", "CEP", "Nome de usuário (comprador)", "CPF do Comprador", "Bairro",
    "Dirección", "Nombre del cliente", "Teléfono", "Código postal", "Correo electrónico", "Nombre completo",
    # de, fr, it, nl, pl
    "Name des Empfängers", "Vorname des Empfängers", "Telefonnummer des Empfängers", "Versandadresse 1", "Straße", "Versandpostleitzahl",
    "Virtuelle E-Mail", "Adresse", "Nom du destinataire", "Code postal", "Prénom", "Codice fiscale", "Indirizzo", "Voornaam", "Nazwisko",
    # ja, ko, th, ru, ar
    "配送先", "配送先情報", "受取人", "郵便番号", "電話番号", "詳細住所1", "町名", "カスタマーのユーザー名", "氏名", "メールアドレス", "받는사람", "전화번호", "배송지 주소",
    "ชื่อผู้รับ", "ที่อยู่จัดส่ง", "เบอร์โทรศัพท์", "Телефон", "Имя получателя", "Адрес", "هاتف",
)  # fmt: skip

#: what ids, labels and words must keep
KEPT_IDS = (
    "1764446400000", "1234567890123456789", "114-1234567-1234567", "820982911946154508", "582778661005462563", "240201PN5Y3G6C", "523530042316597",
    "40054706-8928-1", "#1001", "ORD-2026-11-29-0001", "SKU-12345", "PM-PRETAFOSCA", "BN05_VCM", "2595655715_VNAMZ-12642602107", "4006381333931",
    "100012043978", "5123456789012", "PO-211-12345678901234567", "n-9a1bd8c09e8f7e6d5c4b3a2918171615", "9a1bd8c0-9e8f-7e6d-5c4b-3a2918171615",
    "2000001234567890", "000000123", "100000123", "20261129123456", "202611291234567", "1764446400", "10002", "24-11-1234", "GSH66860P070Z3K",
    "ORD_0011485", "2601281XXVRRJV", "2003761416246731601", "SPFVR380426686615",
)  # fmt: skip
KEPT_LABELS = (
    *KEPT_IDS, "spring sale 2026", "11.11", "2026-11-11", "2026-11-11 20:00", "11/11/2026", "20261111_retarget_30d", "fb_120208123456780123_spring",
    "120208123456780123", "21234567890", "6543217890", "size 38-40", "1,299.00", "€ 19,90", "12 345 678", "v2.10.3", "utm 50% off 3-for-2",
    "shoes/men/2026", "30.349", "100-200-300", "12:30:45", "2026-11-29T12:30:45.123Z", "PM-2024-00012345", "mobile 20261111", "RFC 3339", "phone case 2026", "tel 110",
    "淮海路1号店", "1号店", "5号电池 12节", "3室2厅", "小区团购 100 单", "11月11日20:00-24:00", "Main Street Sale 2026", "5 Oxford Street sale", "24 Hour Drive",
    "Route 66 Highway 2026", "50 Shades, Place", "Marktplatz 2026 Aktion", "Via Roma", "Plaza 2026", "Jalan 11 11", "phường 5", "số 5", "東京都 2026", "3丁目", "서울 2026",
    "name:spring_sale", "geo:US|name:spring|aud:x", "color: red 38-40", "page: /cart", "street style: 2026", "password reset", "128 256 512 phone", "شارع 2026", "612 34 56", "1.2345,6.789", "ab12cdef0123456789", "A123456(4)", "AB-1234-5678", "T1234567A",
)  # fmt: skip
KEPT_NAMES = (
    "product_name", "Product Name", "campaign_name", "store_name", "shipping_method", "Shipping Provider Name", "Warehouse Name", "商品名称", "商品名",
    "店铺名称", "订单号", "SKU ID", "phone_model", "手机型号", "email_campaign", "Tên sản phẩm", "Nome do Produto", "Trạng Thái Đơn Hàng", "theme", "sort_key",
    "ip_country", "Delivery Option", "Mã đơn hàng", "Metode Pembayaran", "配送業者名", "支払い方法", "Produktname", "payment_method", "variant", "city",
    "is_gift", "order_number", "カート", "event_name", "button_name", "キャンセル理由", "Cancel Reason", "Fecha de creación", "status",
)  # fmt: skip
