"""Creates as demo, with the ordinary Python clients, at the cloud that is named:
`place CLOUD image NAME FILE`, `place CLOUD volume NAME GIGABYTES`; with `past` as the last argument
past the proxy. Prints the id.

The `openstack` command cannot send a header of one's own; a keystoneauth session can.
"""
import sys
import time

import cinderclient.client
import glanceclient
from keystoneauth1 import session

from lablib import IDP, login, password

cloud, kind, name, what, *past = sys.argv[1:]
there = login(cloud, "demo") if past else session.Session(
    auth=password(IDP, "demo").auth, additional_headers={"MM-SERVICE-PROVIDER": cloud})


def image():
    images = glanceclient.Client("2", session=there).images
    made = images.create(name=name, disk_format="raw", container_format="bare")
    with open(what, "rb") as file:
        images.upload(made.id, file)
    return made.id


def volume():
    volumes = cinderclient.client.Client("3", session=there).volumes
    made = volumes.create(int(what), name=name)
    deadline = time.time() + 90
    while made.status != "available":
        if made.status.startswith("error") or time.time() > deadline:
            sys.exit(f"volume {made.id} at {cloud} is {made.status}, not available")
        time.sleep(0.5)
        made = volumes.get(made.id)
    return made.id


print({"image": image, "volume": volume}[kind]())
