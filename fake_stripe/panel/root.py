"""Where the panel begins."""

ROOT = "/_control/panel"
