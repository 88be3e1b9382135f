"""`python -m local_mailbox --port 8425 --smtp-port 8426`"""

import argparse

from local_mailbox.server import serve


def main() -> None:
    """Read the command line and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m local_mailbox", description="Shows every mail that is sent to it.")
    parser.add_argument("--port", type=int, default=8425, help="of the page")
    parser.add_argument("--smtp-port", type=int, default=8426, help="to which the app sends")
    arguments = parser.parse_args()
    try:
        serve(arguments.port, arguments.smtp_port)
    except OSError as error:
        raise SystemExit(f"The mailbox can't listen: {error}") from error


if __name__ == "__main__":
    main()
