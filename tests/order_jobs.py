"""`python -m tests.order_jobs JOB …`: order jobs from another process, or with `--here` do them in this."""

import sys

from payapp.jobs import tasks

if __name__ == "__main__":
    is_here = "--here" in sys.argv
    for name in sys.argv[1:]:
        if name != "--here":
            job = getattr(tasks, name)
            job.call_local() if is_here else job()
