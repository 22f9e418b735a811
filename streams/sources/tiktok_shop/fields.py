"""The fields of TikTok Shop's bodies that are kept, by what they are about: all others lose their values before anything is written."""

from __future__ import annotations

#: numbers of people, and the part of an address that is kept
PEOPLE: tuple[str, ...] = ("user_id",)
OPENED: tuple[str, ...] = ("recipient_address.region_code",)

_ORDER = """
id region_code status create_time update_time paid_time rts_time collection_time delivery_time cancel_time user_id payment currency total_amount
sub_total payment_method_name is_cod is_on_hold_order is_sample_order is_replacement_order is_exchange_order order_type packages
line_items sku_id product_id cancel_reason cancellation_initiator fulfillment_type delivery_type commerce_platform is_gift auto_combine_group_id
"""
ORDER_FIELDS: tuple[str, ...] = tuple(_ORDER.split())
_AFTER_SALE = """
order_id return_id return_type return_status role update_time create_time refund_amount currency refund_total cancel_id cancel_type
cancel_status
"""
AFTER_SALE_FIELDS: tuple[str, ...] = tuple(_AFTER_SALE.split())
_REPORT = """
id day latest_available_date start_date end_date gmv amount currency sku_orders orders units_sold buyers product_impressions
product_impression_breakdowns product_page_views product_page_view_breakdowns type refunds cancellations_and_returns start_time
end_time sales_performance created_sku_orders unit_sold customers interaction_performance viewers views product_clicks
support_session_count response_percentage satisfaction_percentage response_time_mins
"""
REPORT_FIELDS: tuple[str, ...] = tuple(_REPORT.split())
_PUSH = """
type tts_notification_id shop_id timestamp data order_id order_status is_on_hold_order update_time cancel_status cancel_id
cancellations_role create_time return_status return_id return_type return_role product_id status suspended_reason sku_id
inventory_status expiration_time expire_time message activity_id promotion_id promotion_status begin_time end_time audit_status
product_audit_status sc_type role_type package_list package_id
"""
PUSH_FIELDS: tuple[str, ...] = tuple(_PUSH.split())
