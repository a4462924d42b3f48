"""As demo with openstacksdk, through the catalog, in pages of two. Prints JSON.

`sdk list TAG`: the names of images by age and by name, of volumes with details and without.
`sdk show IMAGE VOLUME`: the names of the two. `sdk delete IMAGE VOLUME`: deletes them.
"""
import json
import sys

import openstack

cloud = openstack.connect(
    auth={"auth_url": "http://127.0.0.1:5000/v3", "username": "demo", "password": "lab-demo",
          "project_name": "demo", "user_domain_id": "default", "project_domain_id": "default"},
    region_name="RegionOne")
image, storage = cloud.image, cloud.block_storage


def walked(tag):
    def names(things):
        return [thing.name for thing in things if (thing.name or "").startswith(tag)]

    return {
        "by_age": names(image.images(limit=2, tag=tag)),
        "by_name": names(image.images(limit=2, tag=tag, sort="name:asc")),
        "volumes": names(storage.volumes(limit=2)),
        "short": names(storage.volumes(limit=2, details=False)),
    }


match sys.argv[1:]:
    case ["list", tag]:
        said = walked(tag)
    case ["show", image_id, volume_id]:
        said = [image.get_image(image_id).name, storage.get_volume(volume_id).name]
    case ["delete", image_id, volume_id]:
        image.delete_image(image_id, ignore_missing=False)
        storage.delete_volume(volume_id, ignore_missing=False)
        said = []
    case _:
        sys.exit(__doc__)

print(json.dumps(said))
