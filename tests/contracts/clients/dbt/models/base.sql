{{ config(materialized='table', order_by='n') }}
SELECT number AS n, concat('it''s ', toString(number)) AS s FROM numbers(1000)
