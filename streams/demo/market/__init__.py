"""The platforms of the demo's connected shops: they push what happens, signed as they do, and answer when asked. On this machine only.

Lives here: orders as a platform knows them, the API and the pushes of Shopee and Lazada, Shopify's webhook of a declined payment.
Does not live here: anything of the product, which reads all of it as it would read the platforms themselves.
"""
