"""payapp's jobs without those that repair: what kills have broken, Stripe's own retries must put right alone."""

from payapp.jobs.tasks import huey, reconcile_recent, reconcile_thoroughly

for job in (reconcile_recent, reconcile_thoroughly):
    assert job.unregister(), f"{job} is no longer a job: which one repairs now?"

__all__ = ["huey"]
