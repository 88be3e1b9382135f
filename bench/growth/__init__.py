"""make growth: what takes longer when the ledger has ten million entries. Figures: ../GROWTH.md; how: __main__.py."""
