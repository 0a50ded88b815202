"""The demo: fictional products, their printed faces, a registry and parcels, all drawn by this package's own script.

Nothing here is read by the product: the bench sees the demo's pictures, codes and registry sources exactly as it would
see anybody's. What a parcel is expected to get stands beside it for the tests and for one column of the report only.

products → faces → sources → parcels → report; `command` joins them. Everything is a function of a seed and a day.
"""
