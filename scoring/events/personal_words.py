"""Words that name personal data in the headers and keys of shops, by language: the table behind ``personal_names``.

Words of alphabets are written without accents and in small letters, as ``personal_names`` compares them (``đ`` is ``d``, ``ß`` is
``ss``). Words of scripts without spaces are looked for anywhere in a name. The languages are those of the exports that
shops and platforms give: en, zh, ja, ko, th, vi, id, pt, es, de, fr, it, nl, pl, tr, ru, ar.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _in_order(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(line.split()) for line in text.splitlines() if line.strip())


#: whole names that are personal, but not as a part of another (``sort_key``, ``ip_country``, ``contact_rate``)
WHOLE = _words(
    """key secret token name contact ua ip lat lng lon tel recipient receiver consignee addressee kontakt contato contacto nie nif rg rut rfc
    nombre nome nom nama naam imie isim soyad comprador cliente acheteur kunde kaeufer kaufer pembeli pelanggan"""
)

#: personal anywhere in a name, unless a word of THINGS follows
NOUNS = _words(
    """email emails mail mails emailaddress mailaddress phone phones phonenumber mobile mobilephone mobilenumber telephone
    cellphone cell fax firstname lastname fullname givenname familyname middlename surname username nickname realname
    buyername customername receivername recipientname consigneename contactname shippingname billingname cardholder
    receiverphone receiveraddress buyeremail buyerphone customeremail customerphone
    address addr addresses addressline street streetname zip zipcode postcode postalcode ipaddress clientip remoteaddr
    browserip useragent birthday birthdate dob dateofbirth passport idcard idnumber nationalid ssn taxid taxcode vatid
    password passwd pwd accesstoken refreshtoken apikey authorization cookie cardnumber creditcard cvv cvc iban
    accountnumber bankaccount wechat whatsapp telegram zalo skype qq weibo kakao kakaotalk alipay
    neighborhood neighbourhood housenumber doorbell latitude longitude geolocation coordinates"""
) | _words(
    # vi id pt es de fr it nl pl tr ru, accents folded
    """sdt cccd cmnd diachi sodienthoai hoten telepon telpon alamat nohp ktp nik npwp kodepos telefone telefono telefon
    telefonnummer handynummer celular endereco logradouro bairro cep cpf cnpj cpfcnpj direccion domicilio calle colonia
    codigopostal curp dni cedula nif correo adresse anschrift strasse hausnummer plz postleitzahl vorname nachname
    geburtsdatum geburtstag steuernummer steuerid ausweisnummer empfangername prenom telephone courriel rue
    indirizzo cognome cellulare codicefiscale telefoonnummer adres straat huisnummer voornaam achternaam nazwisko ulica
    pesel soyadi eposta cadde mahalle tckn versandadresse lieferadresse rechnungsadresse
    versandpostleitzahl apellido apellidos sobrenome имя фамилия отчество телефон адрес почта паспорт индекс улица инн
    снилс هاتف عنوان الاسم جوال بريد"""
)

#: after one of NOUNS, these say that the value is a thing and no person's: ``phone_model``, ``email_campaign``
THINGS = _words(
    """model brand os type kind class category case app version campaign template subject status verified valid verification
    count counts rate total amount consent optin optout optedin opt enabled provider source channel platform domain
    format length hash country city region state province time date at currency price cost fee theme color colour
    size variant clicks opens sent open click list segment group accessory accessories holder stand charger
    shop shops store design banner button event marketing web site device view os style wear fashion layout position"""
)

#: with a word of PERSONS in the same name, a person's name: ``recipient_name``, ``Nome do destinatário``
NAME_WORDS = _words("name names nombre nome nom nama naam ten imie isim nazwa имя")
PERSONS = _words(
    """recipient receiver buyer customer consignee shipping billing delivery ship bill first last full middle given family user
    nick contact sender holder card owner person guest client visitor member subscriber payer cardholder shopper purchaser
    addressee real legal husband wife mother maiden to
    nguoi nhan mua khach hang penerima pembeli pelanggan lengkap akun destinatario comprador cliente usuario titular
    completo pila sobrenome receptor empfangers empfanger kaufers kaufer kunden kunde rechnungs versand liefer
    destinataire acheteur client cpf cnpj complet cognome destinatario acquirente ontvanger klant odbiorcy klienta
    alici musteri получателя покупателя клиента"""
)

#: may be between a word for a name and the word that says whose
JOINTS = _words("of the de do da del des der die du di d s la le los las van und e y et and dei della")

#: several words that are personal together
PHRASES = _phrases(
    """so dien thoai
    dien thoai
    dia chi
    ho ten
    ho va ten
    ten nguoi
    nguoi nhan
    nguoi mua
    ten khach
    khach hang
    ngay sinh
    can cuoc
    can cuoc cong dan
    chung minh
    ma so thue
    ma buu dien
    ma buu chinh
    no hp
    no telp
    no telepon
    nomor telepon
    nomor hp
    nomor ponsel
    nama lengkap
    kode pos
    tanggal lahir
    codigo postal
    fecha de nacimiento
    fecha nacimiento
    data de nascimento
    data nascimento
    cartao de credito numero
    numero do cartao
    numero de tarjeta
    numero de telefono
    numero de identificacion
    correo electronico
    code postal
    date de naissance
    numero de telephone
    codice postale
    codice fiscale
    data di nascita
    kod pocztowy
    posta kodu
    kimlik no
    дата рождения
    номер телефона
    first name
    last name
    full name
    e mail
    post code
    postal code
    zip code
    ip address
    user agent
    date of birth
    birth date
    id card
    id number
    identity number
    identification number
    identity card
    national registration
    national id
    social security
    social insurance
    tax id
    tax code
    tax number
    vat id
    card number
    credit card number
    card no
    account number
    account no
    bank account
    house number
    house no
    house name
    street number
    street name
    access token
    refresh token
    auth token
    session token
    id token
    api key
    api token
    client ip
    remote ip
    ip addr
    remote addr
    user ip
    x forwarded for
    forwarded for
    real ip
    line id
    line user
    shipping information
    login name
    delivery point
    vor und nachname
    iban number"""
)

#: anywhere in a name of a script that puts no spaces between words: zh-CN, zh-TW, ja, ko, th
INSIDE = _in_order(
    """姓名 名字 真实姓名 收件人 收货人 联系人 寄件人 发件人 持卡人 買家 电话 電話 手机 手機 联系方式 聯絡方式 座机 传真 地址 住址
    门牌 邮编 邮政编码 邮箱 邮件地址 电子邮件 電子郵件 信箱 身份证 證件號 证件号 证件号码 护照 護照 社保号 银行卡 信用卡号 卡号 卡號
    银行账号 账户名 户名 开户名 昵称 用户名 旺旺 支付宝账号 密码 生日 出生日期 买家账号 买家会员名 收貨人 收件地址 收货信息 微信号
    受取人 氏名 お名前 名前 フリガナ ふりがな カナ氏名 ユーザー名 住所 番地 町名 丁目 配送先 お届け先 送り先 請求先 郵便番号 携帯 メールアドレス
    電話番号 生年月日 マイナンバー パスポート パスワード ログイン名 カード番号 口座番号 注文者 購入者名 顧客名
    이름 성명 수령인 수취인 받는사람 받는분 전화 휴대폰 핸드폰 연락처 주소 배송지 우편번호 이메일 주민등록 생년월일 주문자 구매자명 비밀번호 카드번호 계좌번호
    ชื่อผู้ ชื่อ-นามสกุล นามสกุล ชื่อลูกค้า ผู้รับ ที่อยู่ เบอร์ โทรศัพท์ มือถือ อีเมล รหัสไปรษณีย์ บัตรประชาชน วันเกิด พาสปอร์ต ถนน แขวง"""
)
#: after one of INSIDE, these say that the value is a thing's: 手机型号 (a phone's model)
INSIDE_THINGS = _in_order("型号 品牌 壳 端 系统 类型 分类 版本 占比 数量 次数 率 機種 ケース 서비스 케이스")
#: whole names in those scripts that say who, and nothing else
WHOLE_INSIDE = _words("名 姓 微信 メール 买家 顧客 顾客 客户 客戶 会员 用户 收件 收货 お客様 구매자 고객 ชื่อ")

#: said just before a number or a code, they make it a person's: ``tel 4155551234``, ``passport E12345678``
CUES = _in_order(
    """tel telefon telefone telefono telephone phone mobile cell handy fon sms whatsapp zalo id-card ssn cpf rg
    curp rfc dni nie nif nik ktp npwp cccd cmnd passport passport-no pasaporte passaporte reisepass personalausweis
    aadhaar aadhar iban konto account acct hp sdt ktp celular movil móvil ligue 电话 電話 手机 手機 手机号 联系方式 身份证
    身份证号 护照 卡号 银行卡 微信 旺旺 携帯 電話番号 口座番号 カード番号 マイナンバー 전화 휴대폰 연락처 โทร เบอร์ điện-thoại sđt тел телефон móvil qq
    هاتف الهاتف جوال الجوال موبايل واتساب تلفن ponsel steuer-id steuernummer bsn pesel tckn nric mykad driver-license driving-licence 驾驶证 社保号 身分證 個人番号 паспорт снилс инн kimlik"""
)
