"""The fields of Shopify's bodies that are kept: all others lose their values before anything is written, whatever they hold.

Names of people, addresses, mails, phones, notes, locations of browsers, receipts and card numbers are not here. Of a customer the id
is kept as a pseudonym, of an address the country.
"""

from __future__ import annotations

#: ids of people
PEOPLE: tuple[str, ...] = ("customer.id", "customer.legacyResourceId")
#: parts of objects whose name is personal
OPENED: tuple[str, ...] = (
    "shipping_address.country_code",
    "billing_address.country_code",
    "shippingAddress.countryCodeV2",
)

#: first those of webhooks, then those of GraphQL's answers
_KEPT = """
id admin_graphql_api_id app_id order_id created_at processed_at updated_at closed_at cancelled_at cancel_reason confirmed
currency presentment_currency total_price current_total_price total_outstanding total_price_set shop_money presentment_money
amount currency_code financial_status fulfillment_status payment_gateway_names source_name test taxes_included customer
shipping_address billing_address country_code line_items product_id variant_id sku quantity price fulfillments refunds
transactions kind gateway status error_code payment_details payment_method_name credit_card_company credit_card_wallet
parent_id refund_line_items line_item line_item_id subtotal restock shipment_status fulfillment_id happened_at order_edit
committed_at cart_token checkout_token type reason initiated_at finalized_on completed_at inventory_item_id location_id
available variants variant_gids inventory_quantity inventory_policy deleted_at previous current iana_timezone domain
myshopify_domain plan_name legacyResourceId createdAt processedAt updatedAt cancelledAt sourceName displayFinancialStatus
displayFulfillmentStatus subtotalLineItemsQuantity totalPriceSet shopMoney currencyCode paymentGatewayNames shippingAddress
countryCodeV2 errorCode amountSet totalRefundedSet deliveredAt
"""
KEPT: tuple[str, ...] = tuple(_KEPT.split())
