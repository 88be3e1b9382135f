"""What every page and every answer shares: layout and assets, errors, guards, formats, htmx."""
