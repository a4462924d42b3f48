"""Deletes what anybody left behind: every image but the public ones, every snapshot and volume,
of every project at every cloud."""
import sys
import time

from lablib import CLOUDS, cinder, glance, password

PATIENCE = 120  # seconds


def left(admin, cloud):
    """What is still there, as URLs: volumes only once their snapshots are gone."""
    images = glance(cloud) + "/v2/images"
    volumes = cinder(cloud) % {"project_id": admin.get_project_id()}
    yield from (f"{images}/{x['id']}" for x in admin.get(f"{images}?limit=1000").json()["images"]
                if x["visibility"] != "public")
    snapshots = admin.get(f"{volumes}/snapshots?all_tenants=1").json()["snapshots"]
    yield from (f"{volumes}/snapshots/{x['id']}" for x in snapshots)
    busy = {x["volume_id"] for x in snapshots}
    yield from (f"{volumes}/volumes/{x['id']}"
                for x in admin.get(f"{volumes}/volumes?all_tenants=1").json()["volumes"]
                if x["id"] not in busy)


def sweep(cloud):
    admin = password(cloud, "admin")
    deadline = time.time() + PATIENCE
    while urls := list(left(admin, cloud)):
        if time.time() > deadline:
            sys.exit(f"{cloud} still has: {' '.join(urls)}")
        for url in urls:
            admin.delete(url, raise_exc=False)  # what is being made or deleted just now: later
        time.sleep(1)


for cloud in CLOUDS:
    sweep(cloud)
