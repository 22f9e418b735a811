"""The fields of Amazon's answers that are kept, by what they are about: all others lose their values before anything is written.

Buyers and recipients are not asked for at all.
"""

from __future__ import annotations

_ORDER = """
orderId createdTime lastUpdatedTime programs associatedOrders associationType salesChannel channelName marketplaceId proceeds
grandTotal amount currencyCode fulfillment fulfillmentStatus fulfilledBy orderItems orderItemId quantityOrdered product asin sellerSku
packages packageReferenceId createdTime packageStatus status detailedStatus shipTime
"""
ORDER_FIELDS: tuple[str, ...] = tuple(_ORDER.split())
_REPORT = """
interval unitCount orderItemCount orderCount totalSales amount currencyCode date salesByDate orderedProductSales unitsOrdered
totalOrderItems unitsRefunded shippedProductSales unitsShipped ordersShipped trafficByDate pageViews sessions buyBoxPercentage
feedbackReceived negativeFeedbackReceived
"""
REPORT_FIELDS: tuple[str, ...] = tuple(_REPORT.split())
_KIOSK = """
id childAsin marketplaceId startDate endDate sales unitsOrdered totalOrderItems unitsRefunded unitsShipped ordersShipped
orderedProductSales shippedProductSales amount currencyCode traffic sessions pageViews buyBoxPercentage
"""
KIOSK_FIELDS: tuple[str, ...] = tuple(_KIOSK.split())
_HEALTH = "day marketplaceId status metrics metric rate defectsCount targetValue targetCondition"
HEALTH_FIELDS: tuple[str, ...] = tuple(_HEALTH.split())
_FEEDBACK = "asin startDate endDate topics topic sentiment numberOfMentions occurrencePercentage"
FEEDBACK_FIELDS: tuple[str, ...] = tuple(_FEEDBACK.split())
_NOTICE = """
id notificationType eventTime payload notificationMetadata notificationId orderChangeNotification amazonOrderId orderChangeType
orderChangeTrigger timeOfOrderChange changeReason summary marketplaceId orderStatus purchaseDate fulfillmentType orderType asin sku
aSIN sKU severities enforcementActions status createdDate issueType offerChangeTrigger timeOfOfferChange
fulfillmentInventoryByMarketplace fulfillmentInventory fulfillable accountStatusChangeNotification currentAccountStatus
previousAccountStatus itemSalesEventChanges detailPageTrafficEvents startTime endTime orderedUnits orderedRevenue currencyCode
glanceViews quantity reportProcessingFinishedNotification reportId reportType processingStatus
queryId
"""
NOTICE_FIELDS: tuple[str, ...] = tuple(_NOTICE.split())
