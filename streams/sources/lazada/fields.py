"""The fields of Lazada's bodies that are kept, by what they are about: all others lose their values before anything is written."""

from __future__ import annotations

#: numbers of people
PEOPLE: tuple[str, ...] = ("buyer_id",)

_ORDER = """
order_id order_number statuses created_at updated_at price voucher shipping_fee payment_method items_count order_items order_item_id
status currency sku shop_sku buyer_id package_id paid_price item_price order_type stage_pay_status is_cancel_pending reason
"""
ORDER_FIELDS: tuple[str, ...] = tuple(_ORDER.split())
_REVERSE = """
reverse_order_id trade_order_id request_type reverse_order_lines number reverse_status
ofc_status refund_amount return_order_line_gmt_create return_order_line_gmt_modified reason_code is_need_refund
"""
REVERSE_FIELDS: tuple[str, ...] = tuple(_REVERSE.split())
_ADS = """
day row campaignId campaignType productType impressions clicks spend storeA2c productA2c storeOrders productOrders storeUnitSold
productUnitSold storeRevenue productRevenue dayBudget
"""
ADS_FIELDS: tuple[str, ...] = tuple(_ADS.split())
_STANDING = """
day seller_id main_category_id indicators type score score_format target target_format target_respected response_rate response_time
ship_on_time positive_seller_rating
"""
STANDING_FIELDS: tuple[str, ...] = tuple(_STANDING.split())
_REVIEW = "id submit_time product_id review_type ratings overall_rating product_rating seller_rating logistics_rating"
REVIEW_FIELDS: tuple[str, ...] = tuple(_REVIEW.split())
CHAT_FIELDS: tuple[str, ...] = ("chat", "asked", "answered")
_PUSH = """
seller_id message_type data timestamp site order_status trade_order_id trade_order_line_id status_update_time reverse_order_id
reverse_order_line_id reverse_status status item_id sku_id seller_sku reason fulfilment_package_id package_id order_item_id
order_item_status auth_status expired_time expire_time gmt_modified stock sellable_stock id_list product_id
"""
PUSH_FIELDS: tuple[str, ...] = tuple(_PUSH.split())
