"""What all of Tempest's projects have at each service provider, made if need be: two images, two
volumes and a snapshot, in the project `tempest`."""
import time

from keystoneclient.v3 import client

from lablib import CLOUDS, cinder, glance, password


def available(admin, url, kind):
    while (made := admin.get(url).json()[kind])["status"] != "available":
        if made["status"] == "error":
            raise RuntimeError(f"{url} is in error")
        time.sleep(0.5)


def furnish(cloud):
    k = client.Client(session=password(cloud, "admin"))
    k.roles.grant(k.roles.list(name="admin")[0], user=k.users.list(name="admin")[0],
                  project=k.projects.list(name="tempest")[0])
    admin = password(cloud, "admin", "tempest")
    project = admin.get_project_id()
    images = f"{glance(cloud)}/v2/images"
    volumes = cinder(cloud) % {"project_id": project}
    if not admin.get(f"{images}?owner={project}").json()["images"]:
        for n in (1, 2):
            image = admin.post(images, json={"name": f"elsewhere-{n}", "disk_format": "raw",
                                             "container_format": "bare"}).json()
            admin.put(f"{images}/{image['id']}/file", data=b"\0" * 1024,
                      headers={"Content-Type": "application/octet-stream"})
    if not admin.get(f"{volumes}/volumes").json()["volumes"]:
        for n in (1, 2):
            volume = admin.post(f"{volumes}/volumes", json={
                "volume": {"name": f"elsewhere-{n}", "size": 1}}).json()["volume"]
            available(admin, f"{volumes}/volumes/{volume['id']}", "volume")
        snapshot = admin.post(f"{volumes}/snapshots", json={
            "snapshot": {"name": "elsewhere", "volume_id": volume["id"]}}).json()["snapshot"]
        available(admin, f"{volumes}/snapshots/{snapshot['id']}", "snapshot")


for cloud in CLOUDS[1:]:
    furnish(cloud)
