"""The customer's door: packages, buying, the return page, the live balance."""
