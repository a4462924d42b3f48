"""Neutron at a cloud, as one of its users or as demo by federation: `network CLOUD USER create NAME`
prints the id, `network CLOUD USER show ID` all that the user sees of it, as JSON, and `network CLOUD
USER delete ID` prints nothing."""
import json
import sys

from lablib import host, login, password

cloud, user, verb, what = sys.argv[1:]
session = login(cloud, "demo") if user == "demo" else password(cloud, user)
networks = f"http://{host(cloud)}:9696/v2.0/networks"

match verb:
    case "create":
        print(session.post(networks, json={"network": {"name": what}}).json()["network"]["id"])
    case "show":
        print(json.dumps(session.get(f"{networks}/{what}").json()["network"]))
    case "delete":
        session.delete(f"{networks}/{what}")
