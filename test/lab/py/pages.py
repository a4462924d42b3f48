"""Lists as demo with openstacksdk, in pages of two: `pages IMAGE_URL VOLUME_URL TAG`. Prints what
it got as JSON: images by age and by name, volumes with details and without.
"""
import json
import sys

import openstack

image, volume, tag = sys.argv[1:]
cloud = openstack.connect(
    auth={"auth_url": "http://127.0.0.1:5000/v3", "username": "demo", "password": "lab-demo",
          "project_name": "demo", "user_domain_id": "default", "project_domain_id": "default"},
    region_name="RegionOne", image_endpoint_override=image,
    block_storage_endpoint_override=volume)
images, volumes = cloud.image.images, cloud.block_storage.volumes


def names(things):
    return [thing.name for thing in things if thing.name.startswith(tag)]


print(json.dumps({
    "by_age": names(images(limit=2, tag=tag)),
    "by_name": names(images(limit=2, tag=tag, sort="name:asc")),
    "volumes": names(volumes(limit=2)),
    "short": names(volumes(limit=2, details=False)),
}))
