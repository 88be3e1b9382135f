"""The form of a Buy button."""

from flask_wtf import FlaskForm
from wtforms import HiddenField


class BuyPackageForm(FlaskForm):
    """Which package: `package_id`. The server's own list decides whether there is one."""

    package_id = HiddenField()
