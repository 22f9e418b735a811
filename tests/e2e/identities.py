"""Ways in which shops name their buyers: two hundred, with everything that a search or a replacement may stumble over."""

from __future__ import annotations

#: how a shop, a platform or a person may have written it; ``{n}`` is a number that makes it one of a kind
_KINDS = (
    "47110{n}", "0047110{n}", "-47110{n}", "buyer-{n}", "BUYER_{n}", "Buyer {n} of us", "anna{n}@example.com",
    "Anna.Lee+shop{n}@Example.CO.UK", "\"anna {n}\"@example.org", "+49 151 2345 67{n}", "(020) 7946-0{n}", "138000{n}5678",
    "oUpF8uMuAJO_M2pxb1Q9zNjW{n}x", "gid://shopify/Customer/82098{n}", "cus_9s6XKzkNRiz8i{n}", "amzn1.account.AE{n}QIPX",
    "550e8400-e29b-41d4-a716-44665544{n}0", "{{guid-{n}}}", "用户{n}号会员", "買家帳號{n}是這個", "お客様番号{n}です", "구매자번호{n}입니다",
    "ผู้ซื้อ{n}คน", "người mua {n}", "Müller-Lüdenscheidt {n}", "Ωμέγα{n}δοκιμή", "покупатель{n}", "عميل{n}متجر", "😀{n}😀😀😀", "a\u0301{n}cute",
    "back\\slash\\{n}", "say \"{n}\" twice", "it's {n}'s", "semi;colon;{n}", "per%cent%20{n}", "plus+and&amp={n}", "a/b/../c{n}",
    "<b>{n}</b>bold", "{n} OR 1=1; --", "a.*b[{n}](c|d)+", "^anchor{n}$", "tab\tin {n}", "#hash{n}tag", "~tilde{n}tilde",
    "comma,{n},comma", "'quoted{n}'", "=SUM({n},1)", "long" + "o" * 90 + "ng{n}", "trailing {n} dot.", "MiXeD{n}CaSe",
)  # fmt: skip

IDENTITIES = tuple(kind.replace("{n}", f"{number:02d}") for number in range(10, 50, 10) for kind in _KINDS)
