{{ config(materialized='incremental', unique_key='n', order_by='n') }}
SELECT n, s FROM {{ ref('base') }} WHERE n % 2 = 0
