from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "community.live"
    label = "live"

    def ready(self) -> None:
        from community.live import engine, eviction, log

        log.on_publish(engine.announce_commits)
        eviction.on_eviction(engine.announce_eviction)
        eviction.on_touch(engine.announce_touch)
