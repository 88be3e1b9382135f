"""`python -m tests.order_jobs JOB …`: order jobs from another process, or with `--here` do them in this."""

import sys

from payapp.jobs import tasks

if __name__ == "__main__":
    for job in [getattr(tasks, name) for name in sys.argv[1:] if name != "--here"]:
        job.call_local() if "--here" in sys.argv else job()
