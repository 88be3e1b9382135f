"""`python -m tests.expire_holds`: order the worker's job from another process, or, with `--here`, do it in this one."""

import sys

from payapp.jobs.tasks import expire_overdue_holds

if __name__ == "__main__":
    expire_overdue_holds.call_local() if "--here" in sys.argv else expire_overdue_holds()
