"""Where the panel stands."""

ROOT = "/_control/panel"
