"""Places where articles live: one contract (`model.ports.Store`), one contract test.

Retry is a wrapper around a store; routing between servers belongs to the store itself.
"""
