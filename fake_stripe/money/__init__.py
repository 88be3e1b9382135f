"""Money that moves: paid, declined, taken off, refunded, disputed, settled."""
