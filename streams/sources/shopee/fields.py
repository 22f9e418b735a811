"""The fields of Shopee's bodies that are kept, by what they are about: all others lose their values before anything is written.

Names, accounts, addresses, phones, notes, tax numbers and pictures are not here. Of a buyer the number is kept as a pseudonym, of an
address the country.
"""

from __future__ import annotations

#: numbers of people
PEOPLE: tuple[str, ...] = ("buyer_user_id",)
#: the part of an address that is kept
OPENED: tuple[str, ...] = ("recipient_address.region",)

_ORDER = """
order_sn region currency cod total_amount pending_terms order_status payment_method create_time update_time ship_by_date buyer_user_id
item_list item_id model_id model_quantity_purchased pay_time split_up cancel_by cancel_reason fulfillment_flag pickup_done_time
package_list package_number logistics_status booking_sn
"""
ORDER_FIELDS: tuple[str, ...] = tuple(_ORDER.split())
_RETURN = """
return_sn order_sn refund_amount currency create_time update_time status reason negotiation_status item item_id model_id amount
amount_before_discount return_refund_type
"""
RETURN_FIELDS: tuple[str, ...] = tuple(_RETURN.split())
_PUSH = """
code shop_id timestamp data ordersn order_sn status order_status completed_scenario update_time items item_id tracking_no
package_number package_status fulfillment_status logistics_status return_sn refund_amount currency expire_before shop_expire_soon
merchant_expire_soon page_no total_page partner_id success authorize_type extra shop_ids merchant_ids
"""
PUSH_FIELDS: tuple[str, ...] = tuple(_PUSH.split())
_ADS = """
day date hours hour impression clicks direct_order broad_order direct_item_sold broad_item_sold direct_gmv broad_gmv expense
"""
ADS_FIELDS: tuple[str, ...] = tuple(_ADS.split())
_STATE = """
day overall_performance rating fulfillment_failed listing_failed custom_service_failed metric_list metric_type metric_id
parent_metric_id metric_name current_period last_period unit target value comparator exemption_end_date item_id reason
reference_id issue_time latest_point_num original_point_num violation_type start_time end_time punishment_type listing_limit
order_limit region status auth_time expire_time is_cb
"""
STATE_FIELDS: tuple[str, ...] = tuple(_STATE.split())
