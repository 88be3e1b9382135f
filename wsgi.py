"""The WSGI application, as servers and the flask command find it."""

from payapp import create_app

app = create_app()
