"""The page on which a user changes their address, or has their confirmation sent again."""
